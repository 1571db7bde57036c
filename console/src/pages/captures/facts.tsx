// SPDX-License-Identifier: Apache-2.0
import { Anchor, Code, Paper, Stack, Table, Text, Title } from '@mantine/core';
import type { ReactNode } from 'react';
import { Link } from 'wouter';
import { useProject } from '../../api/session';
import type { Capture } from '../../api/types';
import { bytesText, CopyIcon, TimeAgo } from '../../components/values';

function Row(props: { name: string; children: ReactNode }) {
  return (
    <Table.Tr>
      <Table.Th scope="row" w={130} style={{ verticalAlign: 'top' }}>{props.name}</Table.Th>
      <Table.Td style={{ overflowWrap: 'anywhere' }}>{props.children}</Table.Td>
    </Table.Tr>
  );
}

function shown(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** Of what the device said, these stand among the facts already. */
const told = new Set(['model', 'heard', 'score', 'time']);

/** Where it comes from: what the server knows, and what the device said. */
export function CaptureFacts(props: { capture: Capture }) {
  const { capture } = props;
  const { page } = useProject();
  const provenance = Object.entries(capture.provenance ?? {}).filter(([name]) => !told.has(name));
  return (
    <Stack>
      <Paper withBorder p="md" component="section" aria-label="Where it comes from">
        <Title order={2} size="h4" mb="xs">Where it comes from</Title>
        <Table layout="fixed" aria-label="Facts">
          <Table.Tbody>
            <Row name="Device"><Anchor component={Link} href={page(`devices/${encodeURIComponent(capture.deviceId)}`)} size="sm" className="gw-text">{capture.deviceName || capture.deviceId}</Anchor></Row>
            <Row name="Came"><TimeAgo time={capture.time} /></Row>
            {capture.deviceTime ? <Row name="By its clock"><TimeAgo time={capture.deviceTime} /></Row> : null}
            <Row name="Heard">{capture.heard ? <span className="gw-text">{capture.heard}</span> : 'not said'}{capture.score === null ? '' : `, ${Math.round(capture.score * 100)} % sure`}</Row>
            <Row name="Model">{capture.model.package ? <span className="gw-mono">{capture.model.package}@{capture.model.version}</span> : 'not said'}</Row>
            <Row name="Path"><span className="gw-mono gw-text">{capture.path || '–'}</span></Row>
            <Row name="Type">{capture.contentType}, {bytesText(capture.size)}</Row>
            <Row name="SHA-256"><Code style={{ overflowWrap: 'anywhere', whiteSpace: 'normal' }}>{capture.digest}</Code> <CopyIcon value={capture.digest} label="Copy SHA-256" /></Row>
          </Table.Tbody>
        </Table>
      </Paper>
      {provenance.length > 0 ? (
        <Paper withBorder p="md" component="section" aria-label="What else the device said">
          <Title order={2} size="h4" mb={4}>What else the device said</Title>
          <Text size="xs" c="dimmed" mb="xs">Its own words about this capture; nobody has checked them.</Text>
          <Table layout="fixed" aria-label="Provenance">
            <Table.Tbody>
              {provenance.map(([name, value]) => <Row key={name} name={name}><span className="gw-text gw-mono">{shown(value)}</span></Row>)}
            </Table.Tbody>
          </Table>
        </Paper>
      ) : null}
    </Stack>
  );
}
