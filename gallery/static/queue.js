// What is being rendered, as the server tells it: one stream of events for the whole page.

import {get} from './api.js';
import {toast} from './dom.js';

const jobs = new Map(),
  listeners = new Set();
let begun = null;

export const all = () =>
  [...jobs.values()].sort((a, b) => Number(b.id) - Number(a.id) || (a.id < b.id ? 1 : -1));
export const busy = job => job.state === 'waiting' || job.state === 'running';

// Calls listener(job) for each change, and listener() when all are known anew; returns how to stop.
export function watch(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function told(job) {
  if (job.state === 'removed') return forget(job.id);
  const before = jobs.get(job.id);
  jobs.set(job.id, job);
  if (before && busy(before) && job.state === 'done')
    toast(`${job.title ?? 'A work'} is ready: ${job.file}.`, {
      label: 'Prints',
      act: () => {
        location.hash = '#/jobs';
      },
    });
  if (before && busy(before) && job.state === 'failed')
    toast(`${job.title ?? 'A work'}: ${job.error}`, {wrong: true});
  for (const listener of listeners) listener(job);
}

export function forget(id) {
  jobs.delete(id);
  for (const listener of listeners) listener();
}

export function load() {
  begun ??= get('jobs')
    .then(found => {
      jobs.clear();
      for (const job of found) jobs.set(job.id, job);
      for (const listener of listeners) listener();
    })
    .catch(() => {})
    .finally(() => {
      begun = null;
    });
  return begun;
}

// Follows the server's events; count: an element that says how many are under way.
export function follow(count) {
  const events = new EventSource('/api/events');
  events.addEventListener('job', event => told(JSON.parse(event.data)));
  events.addEventListener('open', load);
  watch(() => {
    const number = all().filter(busy).length;
    count.hidden = number === 0;
    count.textContent = number;
    count.setAttribute('aria-label', `, ${number} under way`);
  });
}
