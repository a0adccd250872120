'use strict';
// Pages without a server: search, pictures that move when they are looked at, keys.
(() => {
  const calm = matchMedia('(prefers-reduced-motion: reduce)').matches;

  const search = document.getElementById('search'),
    works = [...document.querySelectorAll('.wall .work')];
  if (search && works.length > 8) {
    search.parentElement.hidden = false;
    search.addEventListener('input', () => {
      const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
      for (const work of works)
        work.hidden = !words.every(word => work.dataset.words.includes(word));
      document.getElementById('none').hidden = works.some(work => !work.hidden);
    });
  }

  for (const link of document.querySelectorAll('.print[data-live]')) {
    let timer = 0,
      frame = null;
    const rest = () => {
      clearTimeout(timer);
      frame?.remove();
      frame = null;
    };
    const wake = () => {
      if (calm || frame) return;
      timer = setTimeout(() => {
        frame = document.createElement('iframe');
        Object.assign(frame, {src: `${link.dataset.live}#bare`, tabIndex: -1, title: ''});
        frame.setAttribute('aria-hidden', 'true');
        frame.addEventListener('load', () => setTimeout(() => frame?.classList.add('shown'), 500));
        link.append(frame);
      }, 280);
    };
    link.addEventListener('pointerenter', event => {
      if (event.pointerType !== 'touch') wake();
    });
    link.addEventListener('pointerleave', rest);
    link.addEventListener('blur', rest);
  }

  window.addEventListener('keydown', event => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.tagName === 'INPUT') return;
    const goal = {'[': '[rel=prev]', ']': '[rel=next]'}[event.key];
    if (goal) document.querySelector(goal)?.click();
    if (event.key === '/' && search) {
      event.preventDefault();
      search.focus();
    }
  });
})();
