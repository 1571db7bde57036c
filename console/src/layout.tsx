// SPDX-License-Identifier: Apache-2.0
// Header, sidebar, and the banner of a lost connection around every page.
import { ActionIcon, Alert, AppShell, Badge, Burger, Group, Image, Menu, NavLink, ScrollArea, Select, Text, Tooltip, useMantineColorScheme, useComputedColorScheme } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import {
  IconActivity, IconAdjustments, IconBox, IconChartHistogram, IconCpu, IconDevices, IconKey, IconLogout, IconMoon, IconPlayerPlay,
  IconRocket, IconSettings, IconSun, IconTag, IconUser, IconWaveSine, IconWifiOff, IconApi, IconBuilding,
} from '@tabler/icons-react';
import { useEffect, useState, type ReactNode } from 'react';
import { Link, useLocation } from 'wouter';
import { onReachable, send } from './api/client';
import { useLiveState } from './api/live';
import { useSession } from './api/session';
import type { Project } from './api/types';

interface Item {
  path: string;
  label: string;
  icon: typeof IconCpu;
}
const groups: { title?: string; items: Item[] }[] = [
  {
    items: [
      { path: 'overview', label: 'Overview', icon: IconChartHistogram },
      { path: 'start', label: 'Get started', icon: IconPlayerPlay },
    ],
  },
  {
    title: 'Fleet',
    items: [
      { path: 'devices', label: 'Devices', icon: IconDevices },
      { path: 'blueprints', label: 'Blueprints', icon: IconCpu },
      { path: 'tags', label: 'Tags', icon: IconTag },
      { path: 'device-settings', label: 'Device settings', icon: IconAdjustments },
      { path: 'monitor', label: 'Monitor', icon: IconActivity },
    ],
  },
  {
    title: 'Updates',
    items: [
      { path: 'artifacts', label: 'Artifacts', icon: IconBox },
      { path: 'releases', label: 'Releases', icon: IconRocket },
    ],
  },
  {
    title: 'Data',
    items: [{ path: 'captures', label: 'Captures', icon: IconWaveSine }],
  },
  {
    title: 'Project',
    items: [
      { path: 'credentials', label: 'Credentials', icon: IconKey },
      { path: 'settings', label: 'Project settings', icon: IconSettings },
    ],
  },
];

function projectOf(location: string): string | undefined {
  const id = /^\/p\/([^/]+)/.exec(location)?.[1];
  return id === undefined ? undefined : decodeURIComponent(id);
}

function Sidebar(props: { project: string | undefined; onNavigate: () => void }) {
  const [location] = useLocation();
  if (props.project === undefined) return null;
  const base = `/p/${encodeURIComponent(props.project)}/`;
  return (
    <>
      {groups.map((group, index) => (
        <div key={group.title ?? index}>
          {group.title ? (
            <Text size="xs" fw={700} c="dimmed" tt="uppercase" px="sm" pt="md" pb={4}>
              {group.title}
            </Text>
          ) : null}
          {group.items.map((item) => (
            <NavLink
              key={item.path}
              component={Link}
              href={base + item.path}
              label={item.label}
              leftSection={<item.icon size={18} aria-hidden />}
              active={location === base + item.path || location.startsWith(`${base}${item.path}/`)}
              aria-current={location.startsWith(base + item.path) ? 'page' : undefined}
              onClick={props.onNavigate}
            />
          ))}
        </div>
      ))}
    </>
  );
}

function SchemeSwitch() {
  const { setColorScheme } = useMantineColorScheme();
  const scheme = useComputedColorScheme('light');
  const next = scheme === 'dark' ? 'light' : 'dark';
  return (
    <Tooltip label={`${next} colours`}>
      <ActionIcon variant="subtle" size="lg" color="gray" aria-label={`${next} colours`} onClick={() => setColorScheme(next)}>
        {scheme === 'dark' ? <IconSun size={20} /> : <IconMoon size={20} />}
      </ActionIcon>
    </Tooltip>
  );
}

function LiveBadge() {
  const state = useLiveState();
  const text = { live: 'Live', connecting: 'Connecting', lost: 'Not live' }[state];
  const help = {
    live: 'Changes show at once.',
    connecting: 'Waiting for the server.',
    lost: 'The connection for live changes is lost; it is tried again.',
  }[state];
  return (
    <Tooltip label={help}>
      <Badge variant="dot" color={state === 'live' ? 'green' : 'yellow'} visibleFrom="sm" role="status" data-live={state}>
        {text}
      </Badge>
    </Tooltip>
  );
}

function AccountMenu() {
  const { session, signOut } = useSession();
  const [, navigate] = useLocation();
  return (
    <Menu position="bottom-end" withArrow>
      <Menu.Target>
        <ActionIcon variant="subtle" size="lg" color="gray" aria-label="Account">
          <IconUser size={20} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label className="gw-text">{session.account?.email || session.account?.name}</Menu.Label>
        <Menu.Item leftSection={<IconUser size={16} />} onClick={() => navigate('/account')}>
          Your account
        </Menu.Item>
        <Menu.Item leftSection={<IconBuilding size={16} />} onClick={() => navigate('/organizations')}>
          Organisations and projects
        </Menu.Item>
        <Menu.Item leftSection={<IconApi size={16} />} onClick={() => navigate('/api')}>
          REST API
        </Menu.Item>
        <Menu.Divider />
        <Menu.Item leftSection={<IconLogout size={16} />} onClick={() => void signOut()}>
          Sign out
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

function useReachable(): boolean {
  const [reachable, setReachable] = useState(true);
  const live = useLiveState();
  useEffect(() => onReachable(setReachable), []);
  useEffect(() => {
    if (live === 'live') setReachable(true);
    if (live !== 'lost') return undefined;
    // Live events may be cut off alone: only an ordinary request tells which it is.
    const probe = () => void send('GET', 'healthz').catch(() => undefined);
    probe();
    const timer = setInterval(probe, 3_000);
    return () => clearInterval(timer);
  }, [live]);
  return reachable;
}

export function Layout(props: { projects: Project[]; children: ReactNode }) {
  const [opened, { toggle, close }] = useDisclosure();
  const [location, navigate] = useLocation();
  const { session } = useSession();
  const reachable = useReachable();
  const project = projectOf(location);
  const shown = props.projects.find((p) => p.id === project);
  const organization = session.memberships.find((m) => m.organizationId === shown?.organizationId)?.organizationName;
  return (
    <AppShell header={{ height: 56 }} navbar={{ width: 220, breakpoint: 'sm', collapsed: { mobile: !opened } }} padding="md">
      <a className="gw-skip" href="#main" onClick={(event) => { event.preventDefault(); document.getElementById('main')?.focus(); }}>
        Skip to content
      </a>
      <AppShell.Header>
        <Group h="100%" px="md" justify="space-between" wrap="nowrap" gap="xs">
          <Group gap="xs" wrap="nowrap">
            <Burger opened={opened} onClick={toggle} hiddenFrom="sm" size="sm" aria-label="Menu" />
            <Link href="/" aria-label="Godwit">
              <Image src="./godwit.svg" w={32} h={32} alt="" />
            </Link>
            <Text fw={700} visibleFrom="sm">
              Godwit
            </Text>
            {organization ? (
              <Text c="dimmed" visibleFrom="md" className="gw-text" truncate maw={200}>
                / {organization} /
              </Text>
            ) : null}
            {props.projects.length > 0 ? (
              <Select
                aria-label="Project"
                size="xs"
                w={{ base: 130, sm: 190 }}
                data={props.projects.map((p) => ({ value: p.id, label: p.name }))}
                value={project ?? null}
                placeholder="Project"
                allowDeselect={false}
                searchable={props.projects.length > 8}
                onChange={(id) => id !== null && navigate(`/p/${encodeURIComponent(id)}/overview`)}
              />
            ) : null}
          </Group>
          <Group gap="xs" wrap="nowrap">
            {project !== undefined ? <LiveBadge /> : null}
            <SchemeSwitch />
            <AccountMenu />
          </Group>
        </Group>
      </AppShell.Header>
      <AppShell.Navbar p="xs" aria-label="Main">
        <AppShell.Section grow component={ScrollArea}>
          <Sidebar project={project ?? localStorage.getItem('godwit.project') ?? props.projects[0]?.id} onNavigate={close} />
        </AppShell.Section>
        <AppShell.Section>
          <Text size="xs" c="dimmed" p="sm">
            Godwit {session.version}
          </Text>
        </AppShell.Section>
      </AppShell.Navbar>
      <AppShell.Main id="main" tabIndex={-1}>
        {reachable ? null : (
          <Alert color="red" icon={<IconWifiOff />} mb="md" title="The server cannot be reached" role="alert" data-testid="lost">
            What you see may be out of date. It is tried again by itself; nothing that you have entered is lost.
          </Alert>
        )}
        {props.children}
      </AppShell.Main>
    </AppShell>
  );
}
