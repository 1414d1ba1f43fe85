// Leaves a login's secret with the platform, then goes on to it.
import { exchange } from './storage.js';

const { dataset } = document.getElementById('storage');
await exchange(dataset, 'lti.put_data', { value: dataset.value });
location.replace(dataset.next);
