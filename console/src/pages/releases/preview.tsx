// SPDX-License-Identifier: Apache-2.0
// Exactly which devices a release gets to, before it does.
import { Anchor, Group, Stack, Text, Tooltip } from '@mantine/core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { Link } from 'wouter';
import { send, type Page } from '../../api/client';
import { useProject } from '../../api/session';
import type { PreviewDevice, ReleasePolicy, Verdict } from '../../api/types';
import { spanText } from '../../components/span';
import { DataTable, type Column } from '../../components/table';
import { Tinted } from '../../components/tinted';
import { countText, DeviceStatusBadge } from '../../components/values';
import { deviceCount, verdicts } from './words';

export interface PreviewRequest {
  artifactIds: string[];
  blueprintId: string;
  deviceTagIds: string[];
  policy?: ReleasePolicy;
  /** An existing release, which stands where it stands. */
  releaseId?: string;
}
export interface PreviewAnswer extends Page<PreviewDevice> {
  counts: Record<Verdict, number>;
  complete?: boolean;
  spread?: { seconds: number; devices: number; automatic: boolean };
}

export function usePreview(request: PreviewRequest, page: number, perPage: number) {
  const { project, api } = useProject();
  const { artifactIds, blueprintId, deviceTagIds, policy, releaseId } = request;
  const body = { artifactIds, blueprintId, deviceTagIds, ...(policy ? { policy } : {}), ...(releaseId ? { releaseId } : {}), page, perPage };
  return useQuery<PreviewAnswer>({
    queryKey: ['rollout', project, 'preview', body],
    queryFn: async ({ signal }) => (await send<PreviewAnswer>('POST', api('releases/preview'), { body, signal })).data,
    placeholderData: keepPreviousData,
    enabled: artifactIds.length > 0,
    // A large fleet is counted in the background.
    refetchInterval: (query) => (query.state.data?.complete === false ? 1_000 : false),
  });
}

const order: Verdict[] = ['update', 'same', 'superseded', 'incompatible'];

export function PreviewCounts(props: { answer: PreviewAnswer }) {
  const { counts } = props.answer;
  return (
    <Group gap="xs" role="status" aria-label="Preview">
      {order.filter((verdict) => verdict === 'update' || counts[verdict] > 0).map((verdict) => (
        <Tooltip key={verdict} label={verdicts[verdict].help}>
          <Tinted size="lg" tint={verdicts[verdict].colour} data-verdict={verdict}>
            {countText(counts[verdict])} {counts[verdict] === 1 ? verdicts[verdict].label : verdicts[verdict].many}
          </Tinted>
        </Tooltip>
      ))}
      {props.answer.complete === false ? <Text size="sm" c="dimmed">still counting …</Text> : null}
    </Group>
  );
}

/** "They begin within about 3 min 20 s, for 10,000 devices." */
export function SpreadLine(props: { answer: PreviewAnswer }) {
  const { spread } = props.answer;
  if (!spread || spread.seconds === 0) return null;
  return <Text size="sm" c="dimmed" data-testid="spread">They begin within about {spanText(spread.seconds)}, for {deviceCount(spread.devices)}.</Text>;
}

function versionsText(current: Record<string, string>): string {
  const known = Object.entries(current).filter(([, version]) => version !== '');
  return known.length === 0 ? 'not known' : known.map(([name, version]) => `${name} ${version}`).join(', ');
}

interface PreviewTableProps {
  request: PreviewRequest;
  page: number;
  onPage: (page: number) => void;
}
const PER_PAGE = 20;

export function PreviewTable(props: PreviewTableProps) {
  const { page: pageOf } = useProject();
  const preview = usePreview(props.request, props.page, PER_PAGE);
  const columns: Column<PreviewDevice>[] = [
    { key: 'name', title: 'Device', render: (d) => <Anchor component={Link} href={pageOf(`devices/${d.deviceId}`)} className="gw-text">{d.deviceName}</Anchor> },
    { key: 'status', title: 'Status', render: (d) => <DeviceStatusBadge status={d.status} /> },
    { key: 'current', title: 'Runs', render: (d) => <span className="gw-mono">{versionsText(d.current)}</span> },
    {
      key: 'verdict', title: 'What happens',
      render: (d) => (
        <Stack gap={0}>
          <Tinted tint={verdicts[d.verdict]?.colour ?? 'gray'} miw="max-content">{verdicts[d.verdict]?.label ?? d.verdict}</Tinted>
          {d.verdict === 'incompatible' && d.why ? <Text size="xs" c="dimmed" className="gw-text">{d.why}</Text> : null}
        </Stack>
      ),
    },
  ];
  if (props.request.artifactIds.length === 0) return <Text c="dimmed">Choose an artifact to see which devices would get it.</Text>;
  return (
    <Stack gap="sm">
      {preview.data ? <PreviewCounts answer={preview.data} /> : null}
      {preview.data ? <SpreadLine answer={preview.data} /> : null}
      <DataTable label="Devices of this release" columns={columns} rows={preview.data?.list} rowKey={(d) => d.deviceId}
        error={preview.data && !preview.error ? null : preview.error} page={props.page} perPage={PER_PAGE} total={preview.data?.total ?? 0} onPage={props.onPage}
        empty={<Text>No device fits. It is kept for devices that come to fit later.</Text>} />
    </Stack>
  );
}
