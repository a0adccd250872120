// The room of what is being printed, and of what was.

import {attempt, button, h, span, weight} from './dom.js';
import {remove} from './api.js';
import {all, busy, forget, load, watch} from './queue.js';

const WORDS = {
  waiting: 'waiting',
  running: 'printing',
  done: 'done',
  failed: 'failed',
  cancelled: 'cancelled',
};
const KINDS = {png: 'PNG', tiff: 'TIFF', mp4: 'Film'};

export async function open(main) {
  await load();
  const list = h('ul', {class: 'jobs', role: 'list', 'aria-label': 'Prints'});
  const empty = h(
    'div',
    {class: 'empty'},
    h('h2', {}, 'Nothing printed yet'),
    h(
      'p',
      {},
      'Open a work and print it at any size: as PNG, TIFF or film. It is rendered here, while you go on.',
    ),
    h('a', {class: 'plain primary', href: '#/works'}, 'To the works'),
  );
  main.replaceChildren(h('div', {class: 'prints'}, h('h1', {tabindex: -1}, 'Prints'), list, empty));
  const rows = new Map();
  const stop = watch(job => (job && rows.has(job.id) ? rows.get(job.id).show(job) : show()));
  show();

  function show() {
    const jobs = all();
    empty.hidden = jobs.length > 0;
    for (const [id, row] of rows)
      if (!jobs.some(job => job.id === id)) {
        row.root.remove();
        rows.delete(id);
      }
    jobs.forEach((job, i) => {
      if (!rows.has(job.id)) rows.set(job.id, line(job));
      const {root} = rows.get(job.id);
      if (list.children[i] !== root) list.insertBefore(root, list.children[i] ?? null);
      rows.get(job.id).show(job);
    });
  }

  function line(job) {
    const state = h('span', {class: 'job-state'}),
      progress = h('progress', {max: 1, 'aria-label': 'Progress'}),
      acts = h('div', {class: 'job-acts'});
    const root = h(
      'li',
      {class: 'job', dataset: {id: job.id}},
      h(
        'a',
        {class: 'job-picture', href: `#/works/${job.work}`, tabindex: -1, 'aria-hidden': 'true'},
        h('img', {src: `/api/works/${job.work}/thumbnail.webp`, alt: '', width: 64, height: 64}),
      ),
      h(
        'div',
        {class: 'job-about'},
        h('a', {class: 'job-title', href: `#/works/${job.work}`}, job.title ?? job.work),
        h(
          'span',
          {class: 'quiet'},
          `${KINDS[job.kind] ?? job.kind}, ${job.size.replace('x', ' × ')}`,
        ),
      ),
      h('div', {class: 'job-course'}, progress, state),
      acts,
    );
    let before = null;
    return {
      root,
      show(now) {
        root.dataset.state = now.state;
        progress.hidden = !busy(now);
        if (now.state === 'waiting') progress.removeAttribute('value');
        else progress.value = now.progress;
        state.textContent =
          now.state === 'running'
            ? `${Math.floor(100 * now.progress)} %${now.left === null || now.left === undefined ? '' : `, ${span(now.left)} left`}`
            : now.state === 'done'
              ? weight(now.bytes ?? 0)
              : now.state === 'failed'
                ? now.error
                : WORDS[now.state];
        if (now.state === before) return;
        before = now.state;
        const end = (label, drawing) =>
          button(
            drawing,
            label,
            () =>
              attempt(async () => {
                await remove(`jobs/${now.id}`);
                if (!busy(now)) forget(now.id);
              }),
            {text: busy(now)},
          );
        acts.replaceChildren(
          ...[
            now.state === 'done' &&
              h(
                'a',
                {
                  class: 'plain primary',
                  href: `/api/jobs/${now.id}/file`,
                  download: now.file ?? '',
                },
                'Download',
              ),
            busy(now) ? end('Cancel', 'close') : end('Remove from the list', 'bin'),
          ].filter(Boolean),
        );
      },
    };
  }

  return {title: 'Prints', keys: {}, close: stop};
}
