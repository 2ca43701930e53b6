import { type Place, placeKey } from '../kafka/desk.ts'

/** A group as far as it matters to who gets what. */
export type Members<M> = Readonly<{ members: ReadonlySet<M>; owners: ReadonlyMap<string, M> }>

/** Shares the places out to those who read their topics: each stays with its owner, unless that has more than its share. */
export const assign = <M extends Readonly<{ topics: readonly string[] }>>(
  { members, owners }: Members<M>,
  places: readonly Place[],
): ReadonlyMap<string, Readonly<{ member: M; place: Place }>> => {
  const able = (place: Place): M[] => [...members].filter((member) => member.topics.includes(place.topic))
  const wanted = new Map<string, { member: M; place: Place }>()
  const load = new Map<M, number>()
  const mine = places.filter((place) => able(place).length > 0)
  const most = Math.ceil(mine.length / Math.max(1, members.size))
  const give = (member: M, place: Place): void => {
    wanted.set(placeKey(place), { member, place })
    load.set(member, (load.get(member) ?? 0) + 1)
  }
  for (const place of mine) {
    const owner = owners.get(placeKey(place))
    if (owner && able(place).includes(owner) && (load.get(owner) ?? 0) < most) give(owner, place)
  }
  for (const place of mine) {
    if (wanted.has(placeKey(place))) continue
    const [least] = able(place).sort((a, b) => (load.get(a) ?? 0) - (load.get(b) ?? 0))
    if (least) give(least, place)
  }
  return wanted
}
