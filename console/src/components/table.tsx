// SPDX-License-Identifier: Apache-2.0
// The one table: pages on the server, selects, sorts, opens a row by click or
// Enter, scrolls sideways on a phone.
import { Box, Center, Checkbox, Group, Pagination, Select, Skeleton, Stack, Table, Text, UnstyledButton } from '@mantine/core';
import { IconArrowDown, IconArrowUp } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { useLocation } from 'wouter';
import { Failure } from './page';
import { countText } from './values';

export interface Column<T> {
  key: string;
  title: ReactNode;
  render: (row: T) => ReactNode;
  /** Name of the server's sort, when it can be sorted by. */
  sort?: string;
  align?: 'left' | 'right' | 'center';
}

export interface TableProps<T> {
  label: string;
  columns: Column<T>[];
  rows: T[] | undefined;
  rowKey: (row: T) => string;
  /** What a row is called, for who hears it; its key when absent. */
  rowName?: (row: T) => string;
  error?: Error | null;
  empty: ReactNode;
  /** Page of a row: the row becomes a link. */
  href?: (row: T) => string;
  page?: number;
  perPage?: number;
  total?: number;
  onPage?: (page: number) => void;
  onPerPage?: (perPage: number) => void;
  sort?: { by: string; descending: boolean };
  onSort?: (by: string, descending: boolean) => void;
  selected?: Set<string>;
  onSelect?: (selected: Set<string>) => void;
}

function HeadCell<T>(props: { column: Column<T>; table: TableProps<T> }) {
  const { column, table } = props;
  if (column.sort === undefined || table.onSort === undefined) return <Table.Th ta={column.align ?? 'left'}>{column.title}</Table.Th>;
  const by = column.sort;
  const active = table.sort?.by === by;
  const descending = active && table.sort!.descending;
  return (
    <Table.Th ta={column.align ?? 'left'} aria-sort={active ? (descending ? 'descending' : 'ascending') : 'none'}>
      <UnstyledButton fw={700} fz="sm" onClick={() => table.onSort!(by, active && !descending)}>
        <Group gap={4} wrap="nowrap">
          {column.title}
          {active ? descending ? <IconArrowDown size={14} aria-hidden /> : <IconArrowUp size={14} aria-hidden /> : null}
        </Group>
      </UnstyledButton>
    </Table.Th>
  );
}

function Pager<T>(props: { table: TableProps<T> }) {
  const { page, perPage, total, onPage, onPerPage } = props.table;
  if (page === undefined || perPage === undefined || total === undefined || onPage === undefined) return null;
  const pages = Math.max(1, Math.ceil(total / perPage));
  const first = total === 0 ? 0 : page * perPage + 1;
  return (
    <Group justify="space-between" mt="sm">
      <Text size="sm" c="dimmed" role="status">
        {countText(first)}–{countText(Math.min(total, (page + 1) * perPage))} of {countText(total)}
      </Text>
      <Group gap="sm">
        {onPerPage ? (
          <Select aria-label="Rows of a page" size="xs" w={90} data={['20', '50', '100', '500']} value={String(perPage)}
            allowDeselect={false} onChange={(value) => value && onPerPage(Number(value))} />
        ) : null}
        {pages > 1 ? (
          <Pagination size="sm" total={pages} value={page + 1} onChange={(n) => onPage(n - 1)}
            getControlProps={(control) => ({ 'aria-label': `${control} page` })} />
        ) : null}
      </Group>
    </Group>
  );
}

export function DataTable<T>(props: TableProps<T>) {
  const [, navigate] = useLocation();
  const { columns, rows, selected, onSelect } = props;
  const keys = (rows ?? []).map(props.rowKey);
  const all = keys.length > 0 && keys.every((key) => selected?.has(key));
  const toggle = (key: string, on: boolean) => {
    const next = new Set(selected);
    if (on) next.add(key);
    else next.delete(key);
    onSelect?.(next);
  };
  const toggleAll = () => {
    const next = new Set(selected);
    keys.forEach((key) => (all ? next.delete(key) : next.add(key)));
    onSelect?.(next);
  };
  if (props.error) return <Failure error={props.error} />;
  if (rows === undefined) {
    return (
      <Stack gap="xs" aria-busy="true" aria-label={`loading ${props.label}`}>
        {[0, 1, 2, 3, 4].map((n) => <Skeleton key={n} h={32} />)}
      </Stack>
    );
  }
  if (rows.length === 0 && (props.page ?? 0) === 0) {
    return <Center py="xl"><Box c="dimmed" ta="center">{props.empty}</Box></Center>;
  }
  return (
    <>
      <Table.ScrollContainer minWidth={Math.max(500, 100 * columns.length)} scrollAreaProps={{ viewportProps: { tabIndex: 0, 'aria-label': props.label, role: 'region' } } as object}>
        <Table highlightOnHover striped aria-label={props.label} verticalSpacing="xs">
          <Table.Thead>
            <Table.Tr>
              {onSelect ? (
                <Table.Th w={36}>
                  <Checkbox size="xs" aria-label="Select all of this page" checked={all} indeterminate={!all && keys.some((k) => selected?.has(k))} onChange={toggleAll} />
                </Table.Th>
              ) : null}
              {columns.map((column) => <HeadCell key={column.key} column={column} table={props} />)}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {rows.map((row) => {
              const key = props.rowKey(row);
              const href = props.href?.(row);
              const open = href === undefined ? undefined : (event: { target: EventTarget }) => {
                // Links, buttons and boxes in a row keep their own meaning.
                if ((event.target as Element).closest('a,button,input,label,[role=switch]')) return;
                navigate(href);
              };
              return (
                <Table.Tr key={key} data-key={key} className={open ? 'gw-row-link' : ''} onClick={open}
                  tabIndex={open ? 0 : undefined}
                  onKeyDown={open ? (event) => { if (event.key === 'Enter' && event.target === event.currentTarget) navigate(href!); } : undefined}>
                  {onSelect ? (
                    <Table.Td>
                      <Checkbox size="xs" aria-label={`Select ${props.rowName?.(row) ?? key}`} checked={selected?.has(key) ?? false} onChange={(event) => toggle(key, event.currentTarget.checked)} />
                    </Table.Td>
                  ) : null}
                  {columns.map((column) => <Table.Td key={column.key} ta={column.align ?? 'left'}>{column.render(row)}</Table.Td>)}
                </Table.Tr>
              );
            })}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
      <Pager table={props} />
    </>
  );
}
