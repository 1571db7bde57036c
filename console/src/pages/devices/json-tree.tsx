// SPDX-License-Identifier: Apache-2.0
// JSON to look at and to point into.
import { ActionIcon, Text, UnstyledButton } from '@mantine/core';
import { IconChevronDown, IconChevronRight } from '@tabler/icons-react';
import { useState } from 'react';

export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

function isBranch(value: Json): value is Json[] | { [name: string]: Json } {
  return typeof value === 'object' && value !== null;
}

function Leaf(props: { value: Json }) {
  const { value } = props;
  const colour = typeof value === 'string' ? 'var(--mantine-color-green-text)' : typeof value === 'number' ? 'var(--mantine-color-cyan-text)' : 'var(--mantine-color-grape-text)';
  return <span style={{ color: colour }} className="gw-text">{JSON.stringify(value)}</span>;
}

function summary(value: Json[] | { [name: string]: Json }): string {
  const count = Array.isArray(value) ? value.length : Object.keys(value).length;
  const what = Array.isArray(value) ? ['[ ]', 'item'] : ['{ }', 'member'];
  return count === 0 ? what[0]! : `${count} ${what[1]}${count === 1 ? '' : 's'}`;
}

interface TreeProps {
  name: string;
  value: Json;
  path: string[];
  selected: string;
  onSelect: (path: string[]) => void;
  /** Inside of an array: has no path of its own on the server. */
  fixed: boolean;
}

function Node(props: TreeProps) {
  const { name, value, path, fixed } = props;
  const [open, setOpen] = useState(path.length < 3);
  const branch = isBranch(value);
  const label = name === '' ? '(all of it)' : name;
  const children = branch ? (Array.isArray(value) ? value.map((item, index) => [String(index), item] as const) : Object.entries(value)) : [];
  return (
    <li style={{ listStyle: 'none' }}>
      <div className="gw-tree-row" data-selected={!fixed && props.selected === path.join('/')}>
        {branch && children.length > 0 ? (
          <ActionIcon size="xs" variant="transparent" color="gray" onClick={() => setOpen(!open)} aria-label={`${open ? 'Close' : 'Open'} ${label}`} aria-expanded={open}>
            {open ? <IconChevronDown size={14} /> : <IconChevronRight size={14} />}
          </ActionIcon>
        ) : <span style={{ width: 18, flex: 'none' }} />}
        {fixed ? <span className="gw-text">{label}:</span> : (
          <UnstyledButton onClick={() => props.onSelect(path)} fz="inherit" ff="monospace" fw={600} className="gw-text" aria-label={`Edit ${label}`}>{label}:</UnstyledButton>
        )}
        {branch ? <Text span size="xs" c="dimmed">{summary(value)}</Text> : <Leaf value={value} />}
      </div>
      {branch && open && children.length > 0 ? (
        <ul style={{ margin: 0, paddingLeft: 18 }}>
          {children.map(([key, child]) => (
            <Node key={key} name={key} value={child} path={[...path, key]} selected={props.selected} onSelect={props.onSelect} fixed={fixed || Array.isArray(value)} />
          ))}
        </ul>
      ) : null}
    </li>
  );
}

export function JsonTree(props: { value: Json; selected: string; onSelect: (path: string[]) => void }) {
  return (
    <ul className="gw-tree" style={{ margin: 0, padding: 0 }} aria-label="State">
      <Node name="" value={props.value} path={[]} selected={props.selected} onSelect={props.onSelect} fixed={false} />
    </ul>
  );
}
