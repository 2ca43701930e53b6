/** The messages that the demo sends to its own inbox: most succeed, some fail, one loops until its time is over, some match nothing. */
export const demoMessages = (): readonly object[] => [
  ...names.map((name, at) => ({
    formID: 'patient_registration_v7',
    name,
    ...(at % 7 !== 3 && { dob: `19${60 + at}-0${1 + (at % 9)}-1${at % 10}` }),
    medications: ['paracetamol', 'amoxicillin', 'zinc'].slice(0, at % 4),
  })),
  ...names.slice(0, 9).map((name, at) => ({
    formID: 'visit_v2',
    name,
    triage: [{ level: at % 3 === 0 ? 'red' : 'green' }, { level: 'yellow' }],
    ...(at === 6 && { test: true }),
  })),
  { formID: 'stock_count_v1', item: 'zinc', count: 120 },
  { formID: 'stock_count_v1', item: 'paracetamol', count: -1 },
  { note: 'no trigger wants this one' },
]

const names = [
  'Sample Amber',
  'Sample Birch',
  'Sample Cedar',
  'Sample Ñandú',
  'Sample Elm',
  'Sample Fern',
  'Sample 青木',
  'Sample Hazel',
  'Sample Ívy',
  'Sample Juniper',
  'Sample Клён',
  'Sample Larch',
  'Sample Maple',
  'Sample Néroli',
  'Sample زيتون',
  'Sample Palm',
  'Sample Quince',
  'Sample Rowan',
  'Sample Sorrel',
  'Sample Yew',
]
