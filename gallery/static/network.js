// The network of a picture, as a drawing: a small picture at each node of what it makes, links as
// wide as their weights are large; those that take away are dashed.

import {button, dialog, h, s} from './dom.js';

const SMALL = {side: 30, row: 52, column: 76, edge: 8},
  LARGE = {side: 46, row: 78, column: 132, edge: 20};

// The drawing, and a table of the weights. title: of the dialog that shows it large.
export function networkDrawing(network, title) {
  if (!network.nodes.length) return h('p', {class: 'quiet'}, 'Nothing to draw.');
  const large = () =>
    dialog(title, h('div', {class: 'scroll network-large'}, drawn(network, LARGE, 700)), {
      wide: true,
    });
  return h(
    'div',
    {class: 'network-box'},
    h(
      'div',
      {class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'Drawing of the network'},
      drawn(network, SMALL, 268),
    ),
    h('div', {class: 'network-foot'}, weights(network), button('closer', 'Larger', large)),
  );
}

function drawn({nodes, links}, {side: SIDE, row: ROW, column: COLUMN, edge: EDGE}, width) {
  const columns = [...new Set(nodes.map(node => node.x))].sort((a, b) => a - b);
  const tallest = Math.max(...columns.map(x => nodes.filter(node => node.x === x).length));
  const w = Math.max(width, (columns.length - 1) * COLUMN + 2 * EDGE + SIDE),
    hh = Math.max(width / 2, tallest * ROW + 12);
  const place = node => [EDGE + SIDE / 2 + node.x * (w - 2 * EDGE - SIDE), node.y * (hh - 12)];
  const at = new Map(nodes.map(node => [node.id, place(node)]));
  const names = new Map(nodes.map(node => [node.id, node.label ?? node.activation ?? node.id]));
  const largest = Math.max(0.5, ...links.map(link => Math.abs(link.weight)));
  const drawing = s('svg', {
    class: 'network',
    viewBox: `0 0 ${w} ${hh}`,
    width: w,
    height: hh,
    role: 'img',
    'aria-label': `A network of ${nodes.length} nodes and ${links.length} links`,
  });
  const wires = new Map();
  for (const link of links) {
    const from = at.get(link.from),
      to = at.get(link.to);
    if (!from || !to) continue;
    const middle = (from[0] + to[0]) / 2;
    const wire = s(
      'path',
      {
        class: `wire ${link.weight < 0 ? 'less' : 'more'} ${link.enabled === false ? 'off' : ''}`,
        d: `M${from[0]} ${from[1]}C${middle} ${from[1]} ${middle} ${to[1]} ${to[0]} ${to[1]}`,
        'stroke-width': (0.4 + (2 * Math.abs(link.weight)) / largest).toFixed(2),
      },
      s('title', {}, `${names.get(link.from)} to ${names.get(link.to)}: ${link.weight.toFixed(2)}`),
    );
    drawing.append(wire);
    wires.set(link, wire);
  }
  for (const node of nodes) {
    const [x, y] = at.get(node.id);
    const group = s(
      'g',
      {class: `node ${node.kind}`, transform: `translate(${x} ${y})`},
      node.thumbnail
        ? s('image', {href: node.thumbnail, x: -SIDE / 2, y: -SIDE / 2, width: SIDE, height: SIDE})
        : s('rect', {x: -SIDE / 2, y: -SIDE / 2, width: SIDE, height: SIDE, class: 'blank'}),
      s('rect', {x: -SIDE / 2, y: -SIDE / 2, width: SIDE, height: SIDE, class: 'rim'}),
      s('text', {y: SIDE / 2 + 10, 'text-anchor': 'middle'}, names.get(node.id)),
      s('title', {}, `${names.get(node.id)}${node.kind === 'hidden' ? '' : `, ${node.kind}`}`),
    );
    group.addEventListener('pointerenter', () => {
      drawing.classList.add('tracing');
      for (const [link, wire] of wires)
        wire.classList.toggle('traced', link.from === node.id || link.to === node.id);
    });
    group.addEventListener('pointerleave', () => drawing.classList.remove('tracing'));
    drawing.append(group);
  }
  return drawing;
}

function weights({nodes, links}) {
  const names = new Map(nodes.map(node => [node.id, node.label ?? node.id]));
  return h(
    'details',
    {class: 'weights'},
    h('summary', {}, `${links.length} weights`),
    h(
      'div',
      {class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'Weights'},
      h(
        'table',
        {},
        h(
          'thead',
          {},
          h(
            'tr',
            {},
            ['from', 'to', 'weight'].map(name => h('th', {scope: 'col'}, name)),
          ),
        ),
        h(
          'tbody',
          {},
          [...links]
            .reverse()
            .map(link =>
              h(
                'tr',
                {class: link.enabled === false ? 'off' : null},
                h('td', {}, names.get(link.from)),
                h('td', {}, names.get(link.to)),
                h('td', {}, link.enabled === false ? 'off' : link.weight.toFixed(3)),
              ),
            ),
        ),
      ),
    ),
  );
}
