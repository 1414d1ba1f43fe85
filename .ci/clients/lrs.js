// Where the record store is, as whoever runs the tests says it.
export const endpoint = process.env.LRS_ENDPOINT;
export const key = process.env.LRS_KEY;
export const secret = process.env.LRS_SECRET;
if (!endpoint || !key || !secret) throw new Error('set LRS_ENDPOINT, LRS_KEY and LRS_SECRET');

// A name that no other run has used.
export const unique = crypto.randomUUID();
