// SPDX-License-Identifier: Apache-2.0
// How a release's model does beside the one in service, on the devices that run
// both before it takes over.
import { Card, Group, SimpleGrid, Stack, Table, Text } from '@mantine/core';
import { useObject } from '../../api/queries';
import { useProject } from '../../api/session';
import type { ReleasePolicy, Shadow, ShadowPair } from '../../api/types';
import { countText, TimeAgo } from '../../components/values';
import { Fact, Section } from '../artifacts/facts';
import { usePollWhile } from './poll';
import { deviceCount } from './words';

const AGAIN_MS = 10_000;
const sides = [
  { of: 'active', colour: 'var(--mantine-color-gray-6)' },
  { of: 'candidate', colour: 'var(--mantine-color-blue-6)' },
] as const;

function percentText(share: number | null): string {
  return share === null ? 'not known' : `${(100 * share).toFixed(1)} %`;
}

function timeText(us: number | null): string {
  if (us === null) return 'not known';
  if (us < 1_000) return `${us} µs`;
  return us < 1_000_000 ? `${(us / 1_000).toFixed(1)} ms` : `${(us / 1_000_000).toFixed(1)} s`;
}

/** Short: "64 µs", "2 ms". */
function boundText(us: number): string {
  if (us < 1_000) return `${us} µs`;
  return us < 1_000_000 ? `${Math.round(us / 1_000)} ms` : `${Math.round(us / 1_000_000)} s`;
}

const reasons: Record<string, string> = {
  AGREEMENT: 'agreed too seldom', LATENCY: 'was too slow', NO_TIME: 'hardly ever had time', NOTHING_HEARD: 'heard too little',
  APPLICATION: 'was turned down by the application',
};

function verdictText(pair: ShadowPair): string {
  const { more, pass, fail } = pair.verdicts;
  const why = Object.entries(pair.failures).map(([reason, count]) => `${deviceCount(Number(count))}: it ${reasons[reason] ?? reason}`).join(', ');
  return [more > 0 ? `${countText(more)} still compare` : '', pass > 0 ? `on ${countText(pass)} it took over` : '', fail > 0 ? `on ${countText(fail)} it did not (${why})` : '']
    .filter((text) => text !== '').join(', ');
}

/** Times of both in the steps that anything fell into; the facts beside it say
 * the same in words. */
function Times(props: { pair: ShadowPair; bounds: number[] }) {
  const { pair, bounds } = props;
  const used = pair.active.times.map((count, step) => ({ step, counts: [count, pair.candidate.times[step] ?? 0] as const }))
    .filter(({ counts }) => counts[0] + counts[1] > 0);
  if (used.length === 0) return null;
  const width = 64, height = 90, top = Math.max(...used.flatMap(({ counts }) => counts));
  const label = (step: number) => (step < bounds.length ? `< ${boundText(bounds[step]!)}` : `≥ ${boundText(bounds[bounds.length - 1]!)}`);
  return (
    <div>
      <svg viewBox={`0 0 ${used.length * width} ${height + 18}`} width={used.length * width} style={{ maxWidth: '100%' }} role="img"
        aria-label={`How long an inference took: ${pair.activeVersion} ${timeText(pair.active.meanUs)} on average, ${pair.candidateVersion} ${timeText(pair.candidate.meanUs)}`}>
        {used.map(({ step, counts }, index) => (
          <g key={step}>
            {sides.map((side, which) => {
              const bar = (counts[which]! / top) * (height - 4);
              return <rect key={side.of} x={index * width + 8 + which * 24} y={height - bar} width={22} height={bar} fill={side.colour} />;
            })}
            <text x={index * width + width / 2} y={height + 14} textAnchor="middle" fontSize={11} fill="currentColor">{label(step)}</text>
          </g>
        ))}
      </svg>
      <Group gap="md">
        {sides.map((side) => (
          <Group key={side.of} gap={6}>
            <span aria-hidden style={{ width: 10, height: 10, background: side.colour, display: 'inline-block' }} />
            <Text size="xs" c="dimmed">{side.of === 'active' ? pair.activeVersion : pair.candidateVersion}</Text>
          </Group>
        ))}
      </Group>
    </div>
  );
}

function Disagreements(props: { pair: ShadowPair }) {
  const { pair } = props;
  if (pair.disagreements.length === 0) return null;
  return (
    <Table aria-label={`What ${pair.candidateVersion} hears differently`} verticalSpacing={4} maw={420}>
      <Table.Thead>
        <Table.Tr><Table.Th>{pair.activeVersion} heard</Table.Th><Table.Th>{pair.candidateVersion} heard</Table.Th><Table.Th ta="right">Windows</Table.Th></Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {pair.disagreements.map((row) => (
          <Table.Tr key={`${row.active} ${row.candidate}`}>
            <Table.Td className="gw-text">{row.active}</Table.Td><Table.Td className="gw-text">{row.candidate}</Table.Td><Table.Td ta="right">{countText(row.count)}</Table.Td>
          </Table.Tr>
        ))}
        {pair.otherDisagreements > 0 ? (
          <Table.Tr><Table.Td colSpan={2} c="dimmed">other labels</Table.Td><Table.Td ta="right">{countText(pair.otherDisagreements)}</Table.Td></Table.Tr>
        ) : null}
      </Table.Tbody>
    </Table>
  );
}

function Pair(props: { pair: ShadowPair; bounds: number[]; asked: number | null }) {
  const { pair, asked } = props;
  const fails = asked !== null && pair.agreement !== null && pair.agreement < asked;
  return (
    <Card withBorder data-pair={`${pair.candidateVersion} ${pair.activeVersion}`}>
      <Stack gap="md">
        <Group gap="xl" align="baseline">
          <Text size="xl" fw={700} c={fails ? 'red' : undefined} data-testid="agreement">{pair.agreement === null ? 'Nothing heard yet' : `${percentText(pair.agreement)} agree`}</Text>
          <Text className="gw-text"><span className="gw-mono">{pair.package} {pair.candidateVersion}</span> beside <span className="gw-mono">{pair.activeVersion}</span></Text>
          <Text c="dimmed" size="sm">{deviceCount(pair.devices)}: {verdictText(pair)}</Text>
        </Group>
        <SimpleGrid cols={{ base: 1, xs: 2, md: 4 }}>
          <Fact label="Something was heard in" help={asked === null ? undefined : `asked for: the same in ${percentText(asked)}`}>{countText(pair.heard)} of {countText(pair.compared)} windows</Fact>
          <Fact label="Agreement, silence included">{percentText(pair.agreementAll)}</Fact>
          <Fact label="New words" help="only the candidate has a label for them">{countText(pair.onlyCandidateKnows)} windows</Fact>
          <Fact label="Words given up" help="the candidate has no label for them">{countText(pair.onlyActiveKnows)} windows</Fact>
          <Fact label="Sure of it, on average">{percentText(pair.active.meanConfidence)}, candidate {percentText(pair.candidate.meanConfidence)}</Fact>
          <Fact label="Time of an inference" help={`at most ${timeText(pair.active.maxUs)}, candidate ${timeText(pair.candidate.maxUs)}`}>{timeText(pair.active.meanUs)}, candidate {timeText(pair.candidate.meanUs)}</Fact>
          <Fact label="Windows missed" help={`${countText(pair.skipped)} without time for the candidate`}>{countText(pair.missed)}</Fact>
          <Fact label="Last told"><TimeAgo time={pair.updatedAt} /></Fact>
        </SimpleGrid>
        <SimpleGrid cols={{ base: 1, md: 2 }}>
          <Times pair={pair} bounds={props.bounds} />
          <Disagreements pair={pair} />
        </SimpleGrid>
      </Stack>
    </Card>
  );
}

/** Nothing where no device compares and the release does not ask for it. */
export function SideBySide(props: { releaseId: string; policy: ReleasePolicy }) {
  const { project, api } = useProject();
  const answer = useObject<Shadow>('rollout', project, api(`releases/${props.releaseId}/shadow`));
  const shadow = answer.data?.data;
  const waits = props.policy.shadow !== null && shadow !== undefined;
  usePollWhile(waits || (shadow?.pairs.some((pair) => pair.verdicts.more > 0) ?? false), answer.refetch, AGAIN_MS);
  if (!shadow || (shadow.pairs.length === 0 && props.policy.shadow === null)) return null;
  return (
    <Section title="Side by side" help="Both models hear the same on these devices; only the one in service is acted on, until the other has done well enough. Counted by the two versions, whichever release asked for it.">
      {shadow.pairs.length === 0 ? <Text c="dimmed">No device has compared yet.</Text> : null}
      {shadow.devicesMerged < shadow.devices ? <Text size="sm" c="dimmed">The newest {countText(shadow.devicesMerged)} of {deviceCount(shadow.devices)}.</Text> : null}
      {shadow.pairs.map((pair) => (
        <Pair key={`${pair.package} ${pair.candidateVersion} ${pair.activeVersion}`} pair={pair} bounds={shadow.timesBelowUs} asked={props.policy.shadow?.agreement ?? null} />
      ))}
    </Section>
  );
}
