// SPDX-License-Identifier: Apache-2.0
import type { Session } from '../../api/types';

/** An admin of the whole organisation, not of one project in it. */
export function ownsOrganization(session: Session, organization: string): boolean {
  if (session.account?.serverAdmin) return true;
  return session.memberships.some((m) => m.organizationId === organization && m.projectId === '' && m.role === 'admin');
}

/** "only x", as a sentence under what somebody may not change. */
export const ONLY_ADMINS = 'Only an admin of this project may change this.';
