// SPDX-License-Identifier: Apache-2.0
// Written by console/scripts/types.mjs from GET /v1/openapi.json; a test compares them.
export interface Account {
  id: string;
  email: string;
  name: string;
  serverAdmin: boolean;
  totpEnabled: boolean;
  hasPassword: boolean;
  recoveryCodes: number;
  createdAt: string;
}
export interface AccountSession {
  id: string;
  createdAt: string;
  lastUsed: string | null;
  address: string;
  userAgent: string;
  current: boolean;
}
export interface Actor {
  type: string;
  id: string;
  name: string;
  address: string;
}
export interface ApiKey {
  id: string;
  name: string;
  type: "API_KEY";
  server: boolean;
  enabled: boolean;
  projectId: string;
  role: "viewer" | "operator" | "admin";
  scopes: string[];
  expiresAt: string | null;
  lastUsed: string | null;
  key?: string;
  apiKey?: string;
  createdAt: string;
  updatedAt: string;
}
export interface Artifact {
  id: string;
  package: string;
  version: string;
  blueprintId: string;
  size: string;
  binaryInfo: BinaryInfo;
  model?: Model;
  signature?: SignatureFacts | null;
  encodings?: Encoding[];
  latestEvaluation?: Evaluation;
  createdAt: string;
  updatedAt: string;
}
export interface AuditEntry {
  id: string;
  time: string | null;
  actor: Actor;
  action: string;
  kind: string;
  objectId: string;
  objectName: string;
  projectId: string;
  before: Record<string, unknown> | null;
  after: Record<string, unknown> | null;
}
export interface BinaryInfo {
  type: "tflite" | "binary";
  size: number;
  digests: Digests;
}
export interface Blueprint {
  id: string;
  name: string;
  platform: string;
  boardId: string;
  arenaBytes: number;
  modelBytesMax: number;
  createdAt: string;
  updatedAt: string;
}
export interface BulkResult {
  matched: number;
  updated: number;
  remaining: number;
}
export interface Capture {
  id: string;
  deviceId: string;
  deviceName: string;
  path: string;
  contentType: string;
  size: number;
  digest: string;
  model: CaptureModel;
  heard: string;
  score: number | null;
  label: string;
  labelledAt: string | null;
  time: string;
  deviceTime: string | null;
  provenance?: unknown;
}
export interface CaptureCounts {
  total: number;
  unlabelled: number;
  lastDay: number;
}
export interface CaptureModel {
  package: string;
  version: string;
}
export interface Certificate {
  id: string;
  certType: "root" | "intermediate";
  subject: string;
  serialNumber: string;
  fingerprint: string;
  notBefore: string | null;
  notAfter: string | null;
  enabled: boolean;
  canSign: boolean;
  certFile: string | null;
  warning?: string;
  createdAt: string;
}
export interface Compatibilities {
  compatibility: Compatibility[];
}
export interface Compatibility {
  blueprintId: string;
  blueprintName: string;
  devices: number;
  canRun: number;
  cannotRun: number;
  unknown: number;
  reasons: UnableReason[];
}
export interface Credential {
  id: string;
  type: "PRE_SHARED_KEY";
  identity: string;
  preSharedKey: string | null;
  deviceId: string;
  name?: string;
  createdAt: string;
  lastUsed: string | null;
}
export interface Device {
  id: string;
  name: string;
  hardwareIds: string[];
  tagIds: string[];
  blueprintId: string;
  enabled: boolean;
  certificateId: string;
  createdAt: string;
  updatedAt: string;
  status: "online" | "offline" | "-";
  lastReport: string | null;
  metadata: DeviceMetadata;
}
export interface DeviceCertificate {
  id: string;
  deviceId: string;
  serialNumber: string;
  fingerprint: string;
  caFingerprint: string;
  issued: boolean;
  notBefore: string | null;
  notAfter: string | null;
  createdAt: string;
  lastUsed: string | null;
}
export interface DeviceCounts {
  total: number;
  online: number;
  enabled: number;
  neverSeen: number;
}
export interface DeviceMetadata {
  status: "online" | "offline" | "-";
  lastReport: string | null;
  lastSeenOnline: string | null;
  lastSeenOffline: string | null;
  update: Record<string, PackageUpdate>;
  profile: DeviceProfile | null;
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
export interface DeviceSettings {
  list: Setting[];
  page: number;
  perPage: number;
  total: number;
  data: SettingsSync;
}
export interface Digest {
  digest: string;
}
export interface Digests {
  sha256: Digest;
}
export type Document = unknown;
export type Empty = Record<string, unknown>;
export interface Encoding {
  encoding: "compressed" | "delta";
  baseVersion: string | null;
  size: number | null;
  percent: number | null;
  state: "ready" | "notSmaller" | "failed" | "pending" | "tooLarge";
}
export interface Error {
  code: number;
  message: string;
  details: (Record<string, unknown>)[];
}
export interface Evaluation {
  id: string;
  artifactId: string;
  dataset: string;
  accuracy: number | null;
  accuracyInterval?: unknown;
  clips?: unknown;
  report?: unknown;
  createdAt: string;
}
export interface FailedUpdate {
  id: string;
  deviceId: string;
  deviceName: string;
  packageId: string;
  eventType: string;
  status: number;
  message: string;
  detail: string;
  currentVersion: string;
  targetVersion: string;
  timestamp: string;
}
export interface FirmwareLog {
  deviceId: string;
  package: string;
  state: string;
  stateCode: string;
  reason: string;
  reasonCode: string;
  version: string;
  target: string;
  time: string | null;
}
export interface Health {
  status: "ok";
}
export interface InspectedModel {
  isModel: boolean;
  problem: string | null;
  size: number;
  digest: string;
  description?: string;
  labels: string[];
  arenaBytes: number;
  inputs: Tensor[];
  outputs: Tensor[];
  operators?: string[];
  operatorCount?: number;
  ops: ModelOp[];
  layers: ModelLayer[];
  metadata: Record<string, unknown>;
  selfTest?: ModelSelfTest | null;
  compatibility: Compatibility[];
}
export interface Keyset {
  id: string;
  epoch: number;
  floor: number;
  signedBy: string;
  keys: KeysetKey[];
  keyset: string | null;
  createdAt: string;
}
export interface KeysetKey {
  keyId: string;
  publicKey: string;
}
export interface Labelled {
  count: number;
  label: string;
}
export interface LogLine {
  id: string;
  timestamp: string | null;
  deviceId: string;
  device_id: string;
  level: "ERROR" | "WARN" | "INFO" | "DEBUG" | "NONE";
  module: string;
  message: string;
  type: string;
  metadata: unknown;
}
export interface Member {
  id: string;
  accountId: string;
  email: string;
  name: string;
  role: "viewer" | "operator" | "admin";
  projectId: string;
  serverAdmin: boolean;
  totpEnabled: boolean;
  lastUsed: string | null;
  invited: boolean;
  link?: string | null;
  expiresAt?: string | null;
  createdAt: string;
}
export interface Membership {
  organizationId: string;
  organizationName: string;
  projectId: string;
  role: "viewer" | "operator" | "admin";
}
export interface Model {
  isModel: boolean;
  problem: string | null;
  size: number;
  digest: string;
  description?: string;
  labels: string[];
  arenaBytes: number;
  inputs: Tensor[];
  outputs: Tensor[];
  operators?: string[];
  operatorCount?: number;
  ops: ModelOp[];
  layers: ModelLayer[];
  metadata: Record<string, unknown>;
  selfTest?: ModelSelfTest | null;
}
export interface ModelLayer {
  index: number;
  op: string;
  inputs: number[];
  outputs: number[];
  shape: number[];
}
export interface ModelOp {
  name: string;
  version: number;
  count: number;
}
export interface ModelSelfTest {
  cases: number;
  bytes: number;
  tolerance: number;
  timeLimitMicroseconds: number;
}
export interface Organization {
  id: string;
  name: string;
  createdAt: string;
  updatedAt: string;
}
export interface OtaEvent {
  id: string;
  deviceId: string;
  packageId: string;
  eventType: string;
  status: number;
  message: string;
  detail: string;
  currentVersion: string;
  targetVersion: string;
  timestamp: string | null;
}
export interface Overview {
  devices: DeviceCounts;
  packages: PackageCount[];
  rollouts: Rollout[];
  failures: FailedUpdate[];
  captures: CaptureCounts;
  asOf: string;
  complete: boolean;
}
export interface PackageCount {
  package: string;
  versions: VersionCount[];
  unknown: number;
}
export interface PackageUpdate {
  state: "IDLE" | "DOWNLOADING" | "DOWNLOADED" | "UPDATING" | "UNKNOWN";
  stateCode: number;
  reason: string;
  reasonCode: number;
  detail: string;
  version: string;
  target: string;
  time: string | null;
}
export interface PreviewCounts {
  update: number;
  same: number;
  superseded: number;
  incompatible: number;
}
export interface PreviewDevice {
  deviceId: string;
  deviceName: string;
  status: "online" | "offline" | "-";
  current: Record<string, string>;
  verdict: "update" | "same" | "superseded" | "incompatible";
  why: string;
}
export interface PreviewSpread {
  seconds: number;
  devices: number;
  automatic: boolean;
}
export interface Project {
  id: string;
  name: string;
  organizationId: string;
  autoProvision: boolean;
  autoProvisionMax: number;
  autoProvisioned: number;
  certificateDays: number;
  createdAt: string;
}
export interface RecoveryCodes {
  recoveryCodes: string[];
}
export interface Release {
  id: string;
  releaseTags: string[];
  deviceTagIds: string[];
  artifactIds: string[];
  blueprintId: string;
  rollout: boolean;
  sequenceNumber: string;
  policy: ReleasePolicy;
  problem?: string;
  createdAt: string;
  updatedAt: string;
}
export interface ReleasePolicy {
  spreadSeconds: number | null;
  shadow: ShadowPolicy | null;
  confirmSeconds: number | null;
}
export interface ReleasePreview {
  list: PreviewDevice[];
  page: number;
  perPage: number;
  total: number;
  counts: PreviewCounts;
  spread: PreviewSpread;
}
export interface RevokedCertificate {
  id: string;
  serialNumber: string;
  fingerprint: string;
  createdAt: string;
}
export interface RevokedCount {
  revoked: number;
}
export interface Rollout {
  releaseId: string;
  rollout: boolean;
  targets: number;
  states: RolloutStates;
  superseded: number;
  online: number;
  failures: RolloutFailure[];
  spreadSeconds: number;
  asOf: string | null;
  complete: boolean;
}
export interface RolloutDevice {
  deviceId: string;
  deviceName: string;
  status: "online" | "offline" | "-";
  state: "waiting" | "downloading" | "downloaded" | "updating" | "updated" | "failed";
  percent: number | null;
  reason: string;
  detail: string;
  package: string;
  version: string;
  target: string;
  lastReport: string | null;
}
export interface RolloutFailure {
  reason: string;
  reasonCode: number;
  count: number;
  details: RolloutFailureDetail[];
}
export interface RolloutFailureDetail {
  detail: string;
  detailCode: number;
  count: number;
}
export interface RolloutStates {
  waiting: number;
  downloading: number;
  downloaded: number;
  updating: number;
  updated: number;
  failed: number;
}
export interface RpcAnswer {
  data: RpcResult;
  statusCode: number;
  detail: unknown;
}
export interface RpcResult {
  statusCode: number;
  detail: unknown;
}
export interface Session {
  signedIn: boolean;
  csrfToken: string | null;
  account: SessionAccount | null;
  memberships: Membership[];
  apiKey: SessionApiKey | null;
  version: string;
  needsSetup: boolean;
}
export interface SessionAccount {
  id: string;
  email: string;
  name: string;
  serverAdmin: boolean;
  totpEnabled: boolean;
  hasPassword: boolean;
}
export interface SessionApiKey {
  id: string;
  name: string;
  role: "viewer" | "operator" | "admin";
  scopes: string[];
  projectId: string;
  expiresAt: string | null;
}
export interface Setting {
  id: string;
  key: string;
  dataType: "integer" | "float" | "boolean" | "string";
  value: unknown;
  level: "project" | "blueprint" | "device";
  deviceId?: string;
  blueprintId?: string;
  createdAt: string;
  updatedAt: string;
}
export interface SettingError {
  key: string;
  code: number;
  name: string;
}
export interface SettingsReport {
  version: number;
  errors: SettingError[];
  time: string | null;
}
export interface SettingsSync {
  version: number;
  inSync: boolean;
  reported: SettingsReport | null;
}
export interface Shadow {
  devices: number;
  devicesMerged: number;
  timesBelowUs: number[];
  pairs: ShadowPair[];
}
export interface ShadowDisagreement {
  active: string;
  candidate: string;
  count: number;
}
export interface ShadowLabel {
  name: string;
  active: boolean;
  candidate: boolean;
  quiet: boolean;
}
export interface ShadowPair {
  package: string;
  activeVersion: string;
  candidateVersion: string;
  devices: number;
  verdicts: ShadowVerdicts;
  failures: Record<string, number>;
  elapsedSeconds: number;
  compared: number;
  agreed: number;
  heard: number;
  heardAgreed: number;
  onlyCandidateKnows: number;
  onlyActiveKnows: number;
  skipped: number;
  missed: number;
  agreement: number | null;
  agreementAll: number | null;
  latencyRatio: number | null;
  active: ShadowSide;
  candidate: ShadowSide;
  labels: ShadowLabel[];
  disagreements: ShadowDisagreement[];
  otherDisagreements: number;
  updatedAt: string;
}
export interface ShadowPolicy {
  windows: number | null;
  seconds: number | null;
  agreement: number | null;
  latency: number | null;
}
export interface ShadowSide {
  meanUs: number | null;
  maxUs: number | null;
  times: number[];
  meanConfidence: number | null;
  confidences: number[];
}
export interface ShadowVerdicts {
  more: number;
  pass: number;
  fail: number;
}
export interface SignInLink {
  link: string;
  expiresAt: string | null;
}
export interface Signature {
  keyId: string;
  sequence: number;
  floor: number;
  createdAt: string;
  signature: string | null;
}
export interface SignatureFacts {
  keyId: string;
  sequence: number;
  floor: number;
  createdAt: string;
}
export interface Status {
  version: string;
  startedAt: string;
  uptimeSeconds: number;
  objects: StatusObjects;
  tls: StatusTls | null;
  gateway?: StatusGateway;
}
export interface StatusGateway {
  sessions: number;
  observers: number;
  handshakesOk: number;
  handshakesFailed: number;
  datagramsIn: number;
  datagramsOut: number;
  bytesIn: number;
  bytesOut: number;
  malformed: number;
  duplicates: number;
  notifications: number;
  retransmissions: number;
  rateLimited: number;
  uploadsOpen: number;
  uploadsFinished: number;
  uploadsDropped: number;
}
export interface StatusObjects {
  devices: number;
  artifacts: number;
  releases: number;
}
export interface StatusTls {
  subject: string;
  notBefore: string | null;
  notAfter: string | null;
  daysLeft: number;
}
export interface StreamEntry {
  id: string;
  timestamp: string | null;
  deviceId: string;
  path: string;
  contentType: string;
  size: number;
  data: unknown;
}
export interface Tag {
  id: string;
  name: string;
  createdAt: string;
  updatedAt: string;
}
export interface Tensor {
  name?: string;
  type: string;
  shape: number[];
  scale: number;
  zeroPoint: number;
}
export interface Totp {
  secret: string;
  uri: string;
}
export interface UnableReason {
  reason: string;
  count: number;
}
export type Value = unknown;
export interface VersionCount {
  version: string;
  count: number;
  online: number;
}
export interface VersionHistory {
  package: string;
  versions: string[];
  points: VersionPoint[];
}
export interface VersionPoint {
  time: string;
  counts: Record<string, number>;
}
export interface VirtualDevice {
  deviceId: string;
  deviceName: string;
  running: boolean;
  startedAt: string | null;
  restarts: number;
  lastError: string | null;
}
