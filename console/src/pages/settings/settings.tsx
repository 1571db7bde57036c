// SPDX-License-Identifier: Apache-2.0
import { Tabs } from '@mantine/core';
import { useLocation, useParams } from 'wouter';
import { useProject } from '../../api/session';
import { NotFound } from '../../components/not-found';
import { PageHead } from '../../components/page';
import { ApiKeys } from './api-keys';
import { Audit } from './audit';
import { Certificates } from './certificates';
import { General } from './general';
import { Members } from './members';
import { SigningKeys } from './signing-keys';

const sections = [
  { id: 'general', label: 'General', component: General },
  { id: 'members', label: 'Members', component: ProjectMembers },
  { id: 'api-keys', label: 'API keys', component: ApiKeys },
  { id: 'certificates', label: 'Certificates', component: Certificates },
  { id: 'signing-keys', label: 'Signing keys', component: SigningKeys },
  { id: 'audit', label: 'Audit log', component: Audit },
];

function ProjectMembers() {
  const { organization } = useProject();
  return <Members organization={organization} />;
}

export default function Page() {
  const { page } = useProject();
  const section = useParams<{ section?: string }>().section ?? 'general';
  const [, navigate] = useLocation();
  const shown = sections.find((s) => s.id === section);
  if (!shown) return <NotFound what="This page" />;
  const Section = shown.component;
  return (
    <>
      <PageHead title="Project settings" />
      <Tabs value={section} onChange={(id) => navigate(page(`settings/${id}`))} keepMounted={false}>
        <Tabs.List mb="md">
          {sections.map((s) => <Tabs.Tab key={s.id} value={s.id}>{s.label}</Tabs.Tab>)}
        </Tabs.List>
        <Tabs.Panel value={section}>
          <Section />
        </Tabs.Panel>
      </Tabs>
    </>
  );
}
