// Icons: paths in a square of 24, drawn with a line of the text's colour.

const PATHS = {
  back: 'M9 7 4.5 11.5 9 16M5 11.5h9a5 5 0 0 1 0 10h-2',
  again: 'M19.5 12a7.5 7.5 0 1 1-2.2-5.3L20 9.5M20 4.5v5h-5',
  next: 'M5 12h14M13 6l6 6-6 6',
  keep: 'M7 4.5h10v15l-5-3.8-5 3.8z',
  closer: 'M14 5h5v5M19 5l-6 6M10 19H5v-5M5 19l6-6',
  network:
    'M6.5 8.5 15 6M6.5 9.5l8.5 8M6.5 15.5 15 6.8M6.5 16l8.5 2M4 9a1.5 1.5 0 1 0 3 0 1.5 1.5 0 0 0-3 0M4 16a1.5 1.5 0 1 0 3 0 1.5 1.5 0 0 0-3 0M15 6a2 2 0 1 0 4 0 2 2 0 0 0-4 0M15 18a2 2 0 1 0 4 0 2 2 0 0 0-4 0',
  plus: 'M12 5v14M5 12h14',
  close: 'M6 6l12 12M18 6 6 18',
  search: 'M10.5 4.5a6 6 0 1 0 0 12 6 6 0 0 0 0-12M15 15l5 5',
  star: 'M12 4.2l2.4 5 5.4.7-4 3.8 1 5.5-4.8-2.7-4.8 2.7 1-5.5-4-3.8 5.4-.7z',
  bin: 'M5 7h14M9.5 7V4.5h5V7M7 7l.8 12.5h8.4L17 7M10.3 10.5v5.5M13.7 10.5v5.5',
  play: 'M8 5.5l10.5 6.5L8 18.5z',
  pause: 'M9 6v12M15 6v12',
  screen: 'M4.5 9.5v-5h5M19.5 9.5v-5h-5M4.5 14.5v5h5M19.5 14.5v5h-5',
  whole: 'M5 5h14v14H5zM9 9h6v6H9z',
  sun: 'M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8M12 2.5v2M12 19.5v2M2.5 12h2M19.5 12h2M5.3 5.3l1.4 1.4M17.3 17.3l1.4 1.4M5.3 18.7l1.4-1.4M17.3 6.7l1.4-1.4',
  moon: 'M19.5 14.5A8 8 0 0 1 9.5 4.5a8 8 0 1 0 10 10z',
  auto: 'M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16M12 4v16M15 5v14M18 7v10',
  help: 'M9 9.2a3 3 0 1 1 4.4 2.7c-.9.5-1.4 1-1.4 2.1M12 17.6v.1',
  print: 'M12 4v11M7 10.5l5 5 5-5M5 20h14',
  tree: 'M12 4v5M12 9c0 4-6 2-6 6v1M12 9c0 4 6 2 6 6v1M12 9v11M4.5 18h3M16.5 18h3M10.5 20h3M10.5 4h3',
  copy: 'M9 9h10.5v10.5H9zM15 9V4.5H4.5V15H9',
  dial: 'M5 17a8.5 8.5 0 1 1 14 0M12 13l4-4.5',
  left: 'M14.5 5.5 8 12l6.5 6.5',
  right: 'M9.5 5.5 16 12l-6.5 6.5',
  done: 'M5 12.5l4.5 4.5L19 7.5',
  die: 'M5 5h14v14H5zM9 9v.1M15 9v.1M12 12v.1M9 15v.1M15 15v.1',
};

export function icon(name) {
  const space = 'http://www.w3.org/2000/svg';
  const drawing = document.createElementNS(space, 'svg');
  drawing.setAttribute('viewBox', '0 0 24 24');
  drawing.setAttribute('aria-hidden', 'true');
  drawing.classList.add('glyph');
  const path = document.createElementNS(space, 'path');
  path.setAttribute('d', PATHS[name]);
  drawing.append(path);
  return drawing;
}
