// SPDX-License-Identifier: Apache-2.0
import { PageHead } from '../../components/page';

export default function Page() {
  return <PageHead title="Organisations and projects" />;
}
