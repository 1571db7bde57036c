// SPDX-License-Identifier: Apache-2.0
// What the pages read (types.ts) must be what the server sends (schema.ts): where
// it is not, this file does not compile.
import type * as server from './schema';
import type * as page from './types';

type Fits<Page, Server extends Page> = Server;

export type Checks = [
  Fits<page.Session, server.Session>,
  Fits<page.Account, server.SessionAccount>,
  Fits<page.Membership, server.Membership>,
  Fits<page.Project, server.Project>,
  Fits<page.Tag, server.Tag>,
  Fits<page.Blueprint, server.Blueprint>,
  Fits<page.PackageUpdate, server.PackageUpdate>,
  Fits<page.DeviceProfile, server.DeviceProfile>,
  Fits<page.Device, server.Device>,
  Fits<page.TensorInfo, server.Tensor>,
  Fits<page.ModelInfo, server.InspectedModel>,
  Fits<page.Compatibility, server.Compatibility>,
  Fits<page.Artifact, server.Artifact>,
  Fits<page.Release, server.Release>,
  Fits<page.Rollout, server.Rollout>,
];
