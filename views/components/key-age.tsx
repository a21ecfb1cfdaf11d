import { date, fullTime, type Reader } from "../format.ts";

/** A key of this age is worth replacing. */
const OLD_DAYS = 90;
const DAY_MS = 86_400_000;

function ageInDays(createdAt: number, reader: Reader): number {
  return Math.floor((reader.now - createdAt) / DAY_MS);
}

export function isOld(createdAt: number, reader: Reader): boolean {
  return ageInDays(createdAt, reader) >= OLD_DAYS;
}

/** When a key was added, with a mark where that is long ago. */
export function KeyAge(props: { createdAt: number; reader: Reader }) {
  return (
    <>
      <span title={fullTime(props.createdAt, props.reader)} safe>
        {date(props.createdAt, props.reader)}
      </span>
      <OldMark {...props} />
    </>
  );
}

export function OldMark(props: { createdAt: number; reader: Reader }) {
  if (!isOld(props.createdAt, props.reader)) return "";
  const days = ageInDays(props.createdAt, props.reader);
  return (
    <span class="badge loud is-ejected" title="Old keys are worth replacing">
      {days} d old
    </span>
  );
}
