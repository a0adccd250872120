// The dial, the colours, and what networks may be made of.

import {h} from './dom.js';

const WORDS = [
  [0.001, 'copies'],
  [0.2, 'faint'],
  [0.4, 'gentle'],
  [0.65, 'usual'],
  [0.95, 'strong'],
  [1.4, 'wild'],
  [9, 'reckless'],
];
export const COLOURS = {'': 'Inherited', palette: 'Palette', ink: 'Ink', hsb: 'Hue'};
const INPUTS = {x: 'x', y: 'y', d: 'distance', bias: 'constant'};

// settings: {strength, colour, activations, inputs}, where null allows all; choices: what there is.
// changed: called with the settings after each change.
export function settingsForm(settings, choices, changed) {
  const now = {...settings};
  const word = () => WORDS.find(([limit]) => now.strength <= limit)[1];
  const said = h('output', {for: 'strength'}, word());
  const dial = h('input', {
    type: 'range',
    id: 'strength',
    min: 0,
    max: choices.strength ?? 1,
    step: 0.05,
    value: now.strength,
    'aria-valuetext': word(),
    oninput: () => {
      now.strength = Number(dial.value);
      said.textContent = word();
      dial.setAttribute('aria-valuetext', word());
      turned();
      changed({...now});
    },
  });
  const turned = () =>
    dial.style.setProperty('--part', `${(100 * (dial.value - dial.min)) / (dial.max - dial.min)}%`);
  turned();
  const form = h(
    'form',
    {class: 'settings', onsubmit: event => event.preventDefault()},
    h(
      'div',
      {class: 'field'},
      h('div', {class: 'field-head'}, h('label', {for: 'strength'}, 'Mutation'), said),
      dial,
    ),
  );
  if (choices.colour?.length > 1)
    form.append(
      segments('Colour', choices.colour, COLOURS, now.colour ?? choices.colour[0], value => {
        now.colour = value || null;
        changed({...now});
      }),
    );
  if (choices.activations?.length)
    form.append(
      switches(
        'Activations',
        choices.activations,
        {},
        now.activations,
        choices.usual_activations,
        value => {
          now.activations = value;
          changed({...now});
        },
      ),
    );
  if (choices.inputs?.length)
    form.append(
      switches('Inputs', choices.inputs, INPUTS, now.inputs, choices.usual_inputs, value => {
        now.inputs = value;
        changed({...now});
      }),
    );
  return form;
}

// One of several.
export function segments(title, names, words, value, changed) {
  const own = `s${Math.random().toString(36).slice(2)}`;
  return h(
    'fieldset',
    {class: 'field'},
    h('legend', {}, title),
    h(
      'div',
      {class: 'segments'},
      names.map(name =>
        h(
          'label',
          {},
          h('input', {
            type: 'radio',
            name: own,
            value: name,
            checked: name === value,
            onchange: () => changed(name),
          }),
          h('span', {}, words[name] ?? name.replaceAll('_', ' ')),
        ),
      ),
    ),
  );
}

// Any of several, but one at least; the usual ones are null.
export function switches(title, names, words, value, usual, changed) {
  const common = new Set(usual ?? names),
    on = new Set(value ?? common);
  const boxes = names.map(name =>
    h('input', {
      type: 'checkbox',
      checked: on.has(name),
      onchange: event => {
        if (!event.target.checked && on.size === 1) {
          event.target.checked = true;
          return;
        }
        event.target.checked ? on.add(name) : on.delete(name);
        told();
      },
    }),
  );
  const again = h(
    'button',
    {
      type: 'button',
      class: 'link',
      onclick: () => {
        on.clear();
        names.forEach((name, i) => {
          boxes[i].checked = common.has(name);
          if (common.has(name)) on.add(name);
        });
        told();
      },
    },
    'as usual',
  );
  const same = () => on.size === common.size && [...on].every(name => common.has(name));
  const told = () => {
    again.hidden = same();
    changed(same() ? null : names.filter(name => on.has(name)));
  };
  again.hidden = same();
  return h(
    'fieldset',
    {class: 'field'},
    h('legend', {}, title, ' ', again),
    h(
      'div',
      {class: 'chips'},
      names.map((name, i) =>
        h('label', {class: 'chip'}, boxes[i], h('span', {}, words[name] ?? name.replaceAll('_', ' '))),
      ),
    ),
  );
}
