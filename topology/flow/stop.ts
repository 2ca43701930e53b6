/** Two steps out of the door: first take no more in, then, if it takes too long, drop what is in hand. */
export type Stop = Readonly<{ reading: AbortSignal; working: AbortSignal }>
