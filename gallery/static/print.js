// Asking for a print of a work: as what, how large, how long.

import {post} from './api.js';
import {attempt, dialog, h, toast} from './dom.js';
import {told} from './queue.js';
import {segments} from './settings.js';

const PRINTS = {png: 'PNG', tiff: 'TIFF', mp4: 'Film'};
const LONG = {
  png: [1024, 2048, 4096, 8192],
  tiff: [2048, 4096, 8192, 16384],
  mp4: [720, 1080, 1440, 2160],
};

export function printing(work) {
  const [w, hh] = work.size;
  let kind = 'png';
  const size = h('input', {
    type: 'text',
    id: 'size',
    inputmode: 'text',
    autocomplete: 'off',
    pattern: '\\d+x\\d+',
    required: true,
  });
  const seconds = h('input', {type: 'number', id: 'seconds', min: 1, max: 600, value: 20});
  const presets = h('div', {class: 'chips', role: 'group', 'aria-label': 'Usual sizes'});
  const moving = h(
    'div',
    {class: 'field'},
    h('label', {for: 'seconds'}, 'Seconds for one round'),
    seconds,
  );
  const exact = long => {
    const even = kind === 'mp4' ? 2 : 1,
      fit = part => Math.max(even, Math.round(part / even) * even),
      factor = kind === 'mp4' ? long / Math.min(w, hh) : long / Math.max(w, hh);
    return `${fit(w * factor)}x${fit(hh * factor)}`;
  };
  const show = value => {
    kind = value;
    moving.hidden = kind !== 'mp4';
    presets.replaceChildren(
      ...LONG[kind].map(long =>
        h(
          'button',
          {
            type: 'button',
            class: 'tag',
            onclick: () => {
              size.value = exact(long);
            },
          },
          exact(long).replace('x', ' × '),
        ),
      ),
    );
    size.value = exact(LONG[kind][1]);
  };
  const box = dialog(
    'Print',
    h(
      'form',
      {
        class: 'start',
        onsubmit: async event => {
          event.preventDefault();
          const job = await attempt(() =>
            post('jobs', {
              work: work.id,
              kind,
              size: size.value.trim(),
              ...(kind === 'mp4' ? {seconds: Number(seconds.value)} : {}),
            }),
          );
          if (!job) return;
          told(job);
          box.close();
          toast('It is being printed.', {
            label: 'Prints',
            act: () => {
              location.hash = '#/jobs';
            },
          });
        },
      },
      segments(
        'As',
        Object.keys(PRINTS).filter(name => name !== 'mp4' || work.can.animate),
        PRINTS,
        kind,
        show,
      ),
      h('div', {class: 'field'}, h('label', {for: 'size'}, 'Size in pixels'), size, presets),
      moving,
      h(
        'p',
        {class: 'quiet'},
        'The file carries its recipe, from which it can be made again at any size.',
      ),
      h('div', {class: 'sheet-foot'}, h('button', {class: 'plain primary'}, 'Print')),
    ),
  );
  show(kind);
}
