// SPDX-License-Identifier: Apache-2.0
// The shapes that pages read, by the names that pages use: the server's own
// (schema.ts is written from its description), nothing is said of them twice.
import type * as server from './schema';

export type {
  AccountSession, ApiKey, Artifact, AuditEntry, Blueprint, Capture, Certificate, Compatibility, Device, DeviceProfile, Encoding, FailedUpdate, Keyset, KeysetKey, Member, Membership,
  OtaEvent, Organization, Overview, PackageUpdate, PreviewDevice, Project, Release, ReleasePolicy, RevokedCertificate, Rollout, RolloutDevice,
  Session, Shadow, ShadowPair, ShadowPolicy, Tag,
  VersionHistory, VirtualDevice,
} from './schema';
export type Account = server.SessionAccount;
export type TensorInfo = server.Tensor;
export type VersionCounts = server.VersionCount;
/** Of a stored artifact, or of a file that is only looked into: which says more. */
export type ModelInfo = Partial<server.InspectedModel>;
/** An evaluation's own document: what it holds depends on what was measured. */
export interface Evaluation extends server.Evaluation {
  accuracyInterval?: [number, number];
  clips?: number;
  report?: Record<string, unknown>;
}

export type Role = server.Membership['role'];
export type DeviceStatus = server.Device['status'];
export type RolloutState = keyof server.RolloutStates;
export type Verdict = server.PreviewDevice['verdict'];
