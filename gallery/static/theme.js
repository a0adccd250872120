'use strict';
// Before anything is drawn, so that a page that is dark by choice does not flash.
const theme = localStorage.getItem('theme');
if (theme === 'dark' || theme === 'light') document.documentElement.dataset.theme = theme;
