/** Runs on the server only, while the project is built. */
import * as library from 'oss-direct-upload';
import * as resume from 'oss-direct-upload/resume';

export const dynamic = 'force-static';

export function GET() {
  return Response.json(Object.keys({ ...library, ...resume }).sort());
}
