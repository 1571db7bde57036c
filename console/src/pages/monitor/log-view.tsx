// SPDX-License-Identifier: Apache-2.0
// A log as in a terminal: newest at the bottom, following until one scrolls up.
import { Badge, Box, Button, Group, Paper, Select, Skeleton, Switch, Text } from '@mantine/core';
import { IconPlayerPause, IconPlayerPlay } from '@tabler/icons-react';
import { memo, useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react';
import { tellError } from '../../components/forms';
import { Failure } from '../../components/page';
import { useParamsOf } from '../../components/params';
import { countText } from '../../components/values';
import { SearchBox } from '../devices/filters';
import { useDeviceNames } from '../devices/parts';
import { LINES_MAX, useLogLines, type LogLine } from './log-lines';

const colours: Record<string, string> = { ERROR: 'red', WARN: 'yellow', INFO: 'cyan', DEBUG: 'gray' };

function fieldsText(line: LogLine): string {
  const fields = Object.entries((line['metadata'] ?? {}) as Record<string, unknown>);
  return fields.map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`).join(' ');
}

const Line = memo(function Line(props: { line: LogLine; device: string | undefined }) {
  const { line } = props;
  const time = new Date(line.timestamp);
  return (
    <div className="gw-log-line" data-level={line.level}>
      <time dateTime={line.timestamp} title={time.toLocaleString()}>{time.toLocaleTimeString('en-GB')}.{String(time.getMilliseconds()).padStart(3, '0')}</time>
      <Badge size="xs" radius="sm" variant="light" color={colours[line.level] ?? 'gray'} w={52}>{line.level}</Badge>
      {props.device === undefined ? null : <span className="gw-text gw-log-device">{props.device}</span>}
      <span className="gw-text gw-log-text">
        {line.module ? <b>{line.module}: </b> : null}{line.message}
        {fieldsText(line) ? <span className="gw-log-fields"> {fieldsText(line)}</span> : null}
      </span>
    </div>
  );
});

/** `deviceId` "": lines of all devices, each with its name. */
export function LogView(props: { path: string; deviceId: string; children?: React.ReactNode }) {
  const [params, change] = useParamsOf({ level: '', term: '' });
  const [paused, setPaused] = useState(false);
  const [follow, setFollow] = useState(true);
  const [reading, setReading] = useState(false);
  const log = useLogLines(props.path, props.deviceId, params.level, params.term, paused);
  const names = useDeviceNames(useMemo(() => (props.deviceId ? [] : log.lines.map((line) => line.deviceId)), [props.deviceId, log.lines]));
  const box = useRef<HTMLDivElement>(null);
  const last = log.lines.at(-1)?.id;
  useLayoutEffect(() => {
    if (follow && box.current) box.current.scrollTop = box.current.scrollHeight;
  }, [last, follow]);
  useEffect(() => setPaused(false), [props.path]);
  const onScroll = () => {
    const at = box.current!;
    const atEnd = at.scrollHeight - at.scrollTop - at.clientHeight < 24;
    if (!atEnd && follow) setFollow(false);
  };
  const older = () => {
    setReading(true);
    setFollow(false);
    log.older!().catch((error: unknown) => tellError(error)).finally(() => setReading(false));
  };
  return (
    <>
      <Group gap="xs" mb="xs" role="search" aria-label="Filter the log">
        <Select aria-label="Level" w={150} value={params.level} onChange={(level) => change({ level: level ?? '' })} allowDeselect={false}
          data={[{ value: '', label: 'All levels' }, { value: 'info', label: 'Info and worse' }, { value: 'warn', label: 'Warnings and errors' }, { value: 'error', label: 'Errors' }]} />
        <SearchBox label="Search in messages" value={params.term} onChange={(term) => change({ term })} w={{ base: '100%', xs: 220 }} />
        {props.children}
        <Button variant="default" leftSection={paused ? <IconPlayerPlay size={16} /> : <IconPlayerPause size={16} />} onClick={() => setPaused(!paused)} aria-pressed={paused}>
          {paused ? `Go on${log.held ? ` (${log.held})` : ''}` : 'Pause'}
        </Button>
        <Switch label="Follow" checked={follow} onChange={(event) => setFollow(event.currentTarget.checked)} />
      </Group>
      {log.error ? <Failure error={log.error} /> : null}
      <Paper withBorder>
        <Box ref={box} onScroll={onScroll} tabIndex={0} role="log" aria-label="Log" aria-live="off" className="gw-log" data-live={log.live}>
          {log.older ? <Button variant="subtle" size="compact-xs" onClick={older} loading={reading}>Show older</Button> : null}
          {log.loading && !log.error ? <Skeleton h={120} /> : null}
          {!log.loading && log.lines.length === 0 ? (
            <Text c="dimmed" ta="center" py="xl" size="sm">{params.level || params.term ? 'No line fits these filters.' : 'No lines yet. They show here as soon as a device logs.'}</Text>
          ) : null}
          {log.lines.map((line) => <Line key={line.id} line={line} device={props.deviceId ? undefined : (names.get(line.deviceId) ?? '…')} />)}
        </Box>
      </Paper>
      <Text size="xs" c="dimmed" mt={4} role="status">
        {countText(log.lines.length)} {log.lines.length === 1 ? 'line' : 'lines'}{log.lines.length >= LINES_MAX ? ': the newest; narrow the filters to see older ones' : ''}
        {log.live === 'live' ? '' : ' · not live just now, trying again'}
      </Text>
    </>
  );
}
