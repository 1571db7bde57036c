// SPDX-License-Identifier: Apache-2.0
// The shapes that REST answers with, as far as pages read them.
export type Role = 'viewer' | 'operator' | 'admin';
export type DeviceStatus = 'online' | 'offline' | '-';

export interface Session {
  signedIn: boolean;
  csrfToken: string | null;
  account: Account | null;
  memberships: Membership[];
  version: string;
  needsSetup: boolean;
}
export interface Account {
  id: string;
  email: string;
  name: string;
  serverAdmin: boolean;
  totpEnabled: boolean;
  hasPassword: boolean;
}
export interface AccountSession {
  id: string;
  createdAt: string;
  lastUsed: string;
  address: string;
  userAgent: string;
  current: boolean;
}
export interface Organization {
  id: string;
  name: string;
  createdAt: string;
}
export interface Member {
  id: string;
  accountId: string;
  email: string;
  name: string;
  role: Role;
  projectId: string;
  totpEnabled: boolean;
  lastUsed: string | null;
  invited: boolean;
  link?: string | null;
}
export interface ApiKey {
  id: string;
  name: string;
  server: boolean;
  enabled: boolean;
  role: Role;
  scopes: string[];
  expiresAt: string | null;
  lastUsed: string | null;
  createdAt: string;
  updatedAt: string;
  /** Only in the answer that made it. */
  key?: string;
}
export interface Certificate {
  id: string;
  certType: string;
  subject: string;
  serialNumber: string;
  fingerprint: string;
  notBefore: string;
  notAfter: string;
  canSign: boolean;
  certFile: string;
  warning?: string;
}
export interface RevokedCertificate {
  id: string;
  serialNumber: string;
  fingerprint: string;
  createdAt: string;
  [member: string]: unknown;
}
export interface AuditEntry {
  id: string;
  time: string;
  actor: { type: 'account' | 'apiKey' | 'server'; id: string; name: string; address: string };
  action: string;
  kind: string;
  objectId: string;
  objectName: string;
  projectId: string;
  before: Record<string, unknown> | null;
  after: Record<string, unknown> | null;
}
export interface Capture {
  id: string;
  deviceId: string;
  deviceName?: string;
  path: string;
  contentType: string;
  size: number;
  digest: string;
  model: { package: string; version: string };
  heard: string;
  score: number | null;
  label: string;
  labelledAt: string | null;
  time: string;
  deviceTime: string | null;
  provenance?: Record<string, unknown>;
}
export interface VirtualDevice {
  deviceId: string;
  deviceName: string;
  running: boolean;
  startedAt: string | null;
  restarts: number;
  lastError: string | null;
}
export interface Membership {
  organizationId: string;
  organizationName: string;
  projectId: string;
  role: Role;
}
export interface Project {
  id: string;
  name: string;
  organizationId?: string;
  createdAt: string;
}
export interface Tag {
  id: string;
  name: string;
  createdAt: string;
  updatedAt: string;
}
export interface Blueprint {
  id: string;
  name: string;
  platform: string;
  boardId: string;
  arenaBytes?: number;
  modelBytesMax?: number;
  createdAt: string;
  updatedAt: string;
}
export interface PackageUpdate {
  state: string;
  stateCode: number;
  reason: string;
  reasonCode: number;
  version: string;
  target: string;
  time: string | null;
}
export interface DeviceProfile {
  board: string;
  sdk: string;
  runtime: string;
  ops: string[];
  arenaBytes: number;
  slotBytes: number;
  time: string;
}
export interface Device {
  id: string;
  name: string;
  hardwareIds: string[];
  tagIds: string[];
  blueprintId: string;
  enabled: boolean;
  certificateId: string;
  status: DeviceStatus;
  lastReport: string | null;
  createdAt: string;
  updatedAt: string;
  metadata: {
    status: DeviceStatus;
    lastReport: string | null;
    lastSeenOnline: string | null;
    lastSeenOffline: string | null;
    update: Record<string, PackageUpdate>;
    profile?: DeviceProfile | null;
  };
}
export interface TensorInfo {
  name?: string;
  type: string;
  shape: number[];
  scale?: number;
  zeroPoint?: number;
}
export interface ModelInfo {
  isModel?: boolean;
  problem?: string | null;
  size?: number;
  digest?: string;
  labels?: string[];
  arenaBytes?: number;
  inputs?: TensorInfo[];
  outputs?: TensorInfo[];
  ops?: { name: string; version: number; count: number }[];
  layers?: { index: number; op: string; inputs: unknown[]; outputs: unknown[]; shape: number[] }[];
  metadata?: Record<string, unknown>;
  compatibility?: Compatibility[];
  description?: string;
  operators?: string[];
  operatorCount?: number;
}
export interface Compatibility {
  blueprintId: string;
  blueprintName: string;
  devices: number;
  canRun: number;
  cannotRun: number;
  unknown: number;
  reasons: { reason: string; count: number }[];
}
export interface Artifact {
  id: string;
  package: string;
  version: string;
  blueprintId: string;
  size: string;
  binaryInfo: { type: 'tflite' | 'binary'; size: number; digests: { sha256: { digest: string } } };
  model?: ModelInfo;
  latestEvaluation?: { accuracy?: number | null };
  createdAt: string;
  updatedAt: string;
}
export interface Release {
  id: string;
  releaseTags: string[];
  deviceTagIds: string[];
  artifactIds: string[];
  blueprintId: string;
  rollout: boolean;
  sequenceNumber: string | number;
  createdAt: string;
  updatedAt: string;
  /** Why devices do not get it though its rollout is on. */
  problem?: string;
}
export interface OtaEvent {
  deviceId: string;
  packageId: string;
  eventType: string;
  status: string | number;
  message?: string;
  currentVersion: string;
  targetVersion: string;
  timestamp: string;
  deviceName?: string;
  [member: string]: unknown;
}
export type RolloutState = 'waiting' | 'downloading' | 'downloaded' | 'updating' | 'updated' | 'failed';
export interface Rollout {
  releaseId: string;
  rollout: boolean;
  targets: number;
  states: Record<RolloutState, number>;
  superseded: number;
  online: number;
  failures: { reason: string; reasonCode: number; count: number }[];
  asOf: string | null;
  complete: boolean;
}
export type VersionCounts = { version: string; count: number; online: number };
export interface Overview {
  devices: { total: number; online: number; enabled: number; neverSeen: number };
  packages: { package: string; versions: VersionCounts[]; unknown: number }[];
  rollouts: Rollout[];
  failures: OtaEvent[];
  captures: { total: number; unlabelled: number; lastDay: number };
  asOf: string;
  complete: boolean;
}
export interface VersionHistory {
  package: string;
  versions: string[];
  points: { time: string; counts: Record<string, number> }[];
}
export interface RolloutDevice {
  deviceId: string;
  deviceName: string;
  status: DeviceStatus;
  state: RolloutState;
  percent: number | null;
  reason: string;
  package?: string;
  version: string;
  target: string;
  lastReport: string | null;
}
export type Verdict = 'update' | 'same' | 'superseded' | 'incompatible';
export interface PreviewDevice {
  deviceId: string;
  deviceName: string;
  status: DeviceStatus;
  current: Record<string, string>;
  verdict: Verdict;
  why: string;
}
export interface Evaluation {
  id: string;
  artifactId: string;
  dataset: string;
  accuracy: number | null;
  accuracyInterval?: [number, number];
  clips?: number;
  report?: Record<string, unknown>;
  createdAt: string;
}
