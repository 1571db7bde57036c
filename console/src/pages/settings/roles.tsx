// SPDX-License-Identifier: Apache-2.0
import { Badge, Table, Text } from '@mantine/core';
import { IconCheck } from '@tabler/icons-react';
import type { Role } from '../../api/types';

const colours: Record<Role, string> = { viewer: 'gray', operator: 'cyan', admin: 'grape' };

export const roleData: { value: Role; label: string }[] = [
  { value: 'viewer', label: 'Viewer: sees everything' },
  { value: 'operator', label: 'Operator: also changes devices and rolls out' },
  { value: 'admin', label: 'Admin: also members, keys, certificates' },
];

export function RoleBadge(props: { role: Role }) {
  return <Badge c="bright" color={colours[props.role] ?? 'gray'} variant="light" tt="none">{props.role}</Badge>;
}

const duties: [string, Role][] = [
  ['See devices, models, releases, captures and logs', 'viewer'],
  ['Add and change devices; upload models; roll out and back', 'operator'],
  ['Label captures, change settings, call devices', 'operator'],
  ['Make and delete API keys', 'admin'],
  ['Credentials and certificates of devices, CAs', 'admin'],
  ['Invite and remove members; the audit log', 'admin'],
  ['Change and delete the project', 'admin'],
];
const rank: Record<Role, number> = { viewer: 1, operator: 2, admin: 3 };

/** Who may do what, in words. */
export function RoleTable() {
  const roles: Role[] = ['viewer', 'operator', 'admin'];
  return (
    <Table.ScrollContainer minWidth={420} scrollAreaProps={{ viewportProps: { tabIndex: 0, 'aria-label': 'Roles', role: 'region' } } as object}>
      <Table verticalSpacing="xs" aria-label="Who may do what">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>May</Table.Th>
            {roles.map((role) => <Table.Th key={role} ta="center">{role}</Table.Th>)}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {duties.map(([what, least]) => (
            <Table.Tr key={what}>
              <Table.Td>{what}</Table.Td>
              {roles.map((role) => (
                <Table.Td key={role} ta="center">
                  {rank[role] >= rank[least] ? <IconCheck size={16} aria-label="yes" /> : <Text span c="dimmed" aria-label="no">–</Text>}
                </Table.Td>
              ))}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}
