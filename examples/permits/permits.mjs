// A permit for one picture of one order: what your server says, the page cannot change.
// The user is the one of your own cookie session: app.use(session({…})), then app.use(permits).
import { randomUUID } from 'node:crypto';
import { Router } from 'express';
import { SignJWT } from 'jose';

const secret = new TextEncoder().encode(process.env.PERMIT_SECRET); // the token function's; nobody else needs it
const orders = new Map([
  ['17', 'alice'],
  ['18', 'bob'],
]); // use your database: whose is the order?

/** Sign a permit for one object. However often it is used, there is no second. */
function signPermit(user, order) {
  return new SignJWT({ upload: { max_bytes: 10 * 1024 ** 2, types: ['image/*'], data: { order } } })
    .setProtectedHeader({ alg: 'HS256', typ: 'upload-permit+jwt' })
    .setSubject(user)
    .setIssuedAt()
    .setExpirationTime('5m')
    .setJti(randomUUID())
    .sign(secret);
}

export const permits = Router();

// A page of another site can send this request, and cannot read the answer.
permits.post('/orders/:order/permit', async ({ session, params }, response) => {
  if (!session.user) return response.sendStatus(401);
  if (orders.get(params.order) !== session.user) return response.sendStatus(404); // as for none
  const permit = await signPermit(session.user, params.order);
  return response.set('Cache-Control', 'no-store').json({ permit });
});
