/** An event as systems send them: 1 KB of JSON with 40 fields, short texts, numbers and a list; nothing that parses quicker than usual. */
export const event = {
  id: 'b6f0c9d2-5b1e-4b52-9d1b-0a4b8f3f2d11',
  kind: 'bench',
  n: 1,
  form: { id: 'patient_registration_v7', version: '2026.11', language: 'sw', device: 'tablet-0417', offline: true },
  patient: {
    name: 'Sample Willow',
    dob: '1990-01-31',
    sex: 'f',
    phone: '+255 700 000 000',
    village: 'Mto wa Mbu',
    household: { id: 'hh-20418', members: 5, water: 'well', distance_km: 3.2 },
  },
  visit: { at: '2026-11-21T09:14:03.120Z', reason: 'antenatal', weight_kg: 61.5, pulse: 78, fever: false, notes: null },
  medications: [
    { code: 'zinc', dose_mg: 20, days: 10, refill: false },
    { code: 'ors', dose_mg: 500, days: 3, refill: true },
    { code: 'iron', dose_mg: 60, days: 90, refill: true },
  ],
  location: { latitude: -3.371, longitude: 35.857, accuracy_m: 12, facility: 'Arusha Health Centre', zone: 'north' },
  tags: ['anc', 'first-visit', 'follow-up', 'north', 'priority'],
  worker: { id: 'chw-118', name: 'A. Example', supervisor: 'chw-004', shift: 'morning' },
  sync: { batch: 8841, attempt: 1, queued_at: '2026-11-21T09:20:41.001Z', app: '4.18.2', checksum: '9f2c0be1' },
} as const
