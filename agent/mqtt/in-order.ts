import type { Observable, Subscription } from "rxjs";
import { CodedError, messageOf } from "../../errors.js";
import { backoffMs } from "../kit/backoff.js";
import { type Connection, hungUpOn, sendOver } from "./connection.js";
import type { Lane } from "./inflight-window.js";
import { keyOf, type Packet } from "./packet.js";

/** Messages read from the outbox at a time: enough for the window, little enough that 100,000 waiting ones take no memory. */
const PAGE = 128;
const READ_AGAIN_MS = 1_000;

/** A message of an outbox, in the order of `seq`. */
interface Waits {
  readonly kind: string;
  readonly seq: number;
  readonly payload: { readonly camera: string };
}

/** One of the outbox's streams. */
export interface StreamOf<Message> {
  readonly lane: Lane;
  /** Something was added. */
  readonly added$: Observable<unknown>;
  last(): number;
  read(after: number, limit: number): Promise<readonly Message[]>;
  /** The topic without `T/`. */
  topicOf(message: Message): string;
  /** @param waited it was there before the connection, or came while such ones were still to be sent */
  payloadOf(message: Message, waited: boolean): object;
  delivered(message: Message): void;
  /** The broker will never take it. */
  refused(message: Message): void;
}

export interface InOrderDeps<Message> {
  readonly stream: StreamOf<Message>;
  /** `T`. */
  readonly base: string;
  readonly onTrouble: (trouble: CodedError) => void;
  /** The pause before what the broker refused is tried again. @param refusals in a row */
  readonly pauseMs: (refusals: number) => number;
  /** There may be more to do. */
  readonly onChange: () => void;
}

/** How far the stream has been sent over one connection. */
interface Progress<Message> {
  readonly connection: Connection;
  /** The first `seq` that was not there before the connection. */
  readonly freshFrom: number;
  /** Messages before this `seq` waited: they were there before the connection, or behind those that were. */
  liveFrom: number;
  /** Whether messages that waited are still to be sent: those that are added wait behind them. */
  isBehind: boolean;
  read: Message[];
  /** The `seq` of the last message that was read. */
  cursor: number;
  /** In the order of `seq`. */
  readonly unacknowledged: Map<number, Message>;
  reading: boolean;
  /** There may be more than was read. */
  more: boolean;
  /** The first that the broker refused: from there it begins again, later. */
  refused: number | null;
  refusals: number;
  /** To the outbox, for messages that are added meanwhile. */
  readonly added: Subscription;
}

/**
 * Brings one stream of the outbox to the connection that is up, in the order of `seq`, several unacknowledged at a time. What a lost
 * connection did not acknowledge goes out again over the next: at least once.
 */
export class InOrder<Message extends Waits> {
  readonly #deps: InOrderDeps<Message>;
  #progress: Progress<Message> | null = null;
  #timer: NodeJS.Timeout | null = null;
  /** At most one message is given up between two that arrive: were it the topic and not the message, all would be lost one by one. */
  #mayGiveUp = true;

  constructor(deps: InOrderDeps<Message>) {
    this.#deps = deps;
  }

  attach(connection: Connection): void {
    const { stream, onChange } = this.#deps;
    const freshFrom = stream.last() + 1;
    const progress: Progress<Message> = {
      connection,
      freshFrom,
      liveFrom: freshFrom,
      isBehind: true,
      read: [],
      cursor: 0,
      unacknowledged: new Map(),
      reading: false,
      more: true,
      refused: null,
      refusals: 0,
      added: stream.added$.subscribe(() => {
        if (progress.isBehind) progress.liveFrom = stream.last() + 1;
        progress.more = true;
        onChange();
      }),
    };
    this.#progress = progress;
  }

  /**
   * @param convicted the packet that ended the connection, where that is known: it is given up if it is one of these that may be
   * @returns what became of it; null where it is none of these
   */
  detach(convicted: Packet | null): "kept" | "given-up" | null {
    clearTimeout(this.#timer ?? undefined);
    const progress = this.#progress;
    this.#progress = null;
    progress?.added.unsubscribe();
    if (progress === null || convicted === null) return null;
    const key = keyOf(convicted);
    const message = [...progress.unacknowledged.values()].find((each) => nameOf(each) === key);
    if (message === undefined) return null;
    if (!this.#mayGiveUp) return "kept";
    this.#mayGiveUp = false;
    this.#giveUp(message, hungUpOn(convicted));
    return "given-up";
  }

  pump(): void {
    const progress = this.#progress;
    if (progress === null) return;
    while (mayPass(progress) && progress.connection.window.take(this.#deps.stream.lane)) {
      void this.#send(progress, progress.read.shift()!);
    }
    if (progress.read.length > 0 || progress.reading || progress.refused !== null) return;
    if (progress.more) void this.#read(progress);
    else progress.isBehind = false;
  }

  /** Whether all that waited is acknowledged; false without a connection. */
  get isDrained(): boolean {
    if (this.#progress === null) return false;
    const { reading, more, read, unacknowledged } = this.#progress;
    return !reading && !more && read.length === 0 && unacknowledged.size === 0;
  }

  /** The broker has every message whose `seq` is below it; 0 without a connection. */
  get deliveredBelow(): number {
    if (this.#progress === null) return 0;
    const { unacknowledged, read, refused, more, reading, cursor } = this.#progress;
    const unread = more || reading ? cursor + 1 : this.#deps.stream.last() + 1;
    return Math.min(unread, read[0]?.seq ?? unread, refused ?? unread, ...unacknowledged.keys());
  }

  async #read(progress: Progress<Message>): Promise<void> {
    progress.reading = true;
    progress.more = false;
    const after = progress.cursor;
    try {
      const found = await this.#deps.stream.read(after, PAGE);
      // One before these was refused meanwhile: they are read again behind it.
      const isOvertaken = progress.cursor !== after;
      progress.more ||= isOvertaken;
      const messages = isOvertaken ? [] : found;
      const isFirst = progress.cursor === 0 && progress.refusals === 0;
      const nothingWaited = (messages[0]?.seq ?? progress.freshFrom) >= progress.freshFrom;
      if (isFirst && nothingWaited) Object.assign(progress, { isBehind: false, liveFrom: progress.freshFrom });
      progress.read.push(...messages);
      progress.cursor = messages.at(-1)?.seq ?? progress.cursor;
      progress.more ||= messages.length > 0;
    } catch (error) {
      this.#deps.onTrouble(outboxFailed(error));
      // The pause after a refusal ends in a reading, too; what is of an earlier connection is over.
      if (this.#progress === progress && progress.refused === null) {
        this.#later(READ_AGAIN_MS, () => {
          progress.more = true;
        });
      }
    } finally {
      progress.reading = false;
    }
    if (this.#progress === progress) this.#deps.onChange();
  }

  async #send(progress: Progress<Message>, message: Message): Promise<void> {
    const { stream, base } = this.#deps;
    const { seq } = message;
    progress.unacknowledged.set(seq, message);
    const payload = JSON.stringify(stream.payloadOf(message, seq < progress.liveFrom));
    const topic = `${base}/${stream.topicOf(message)}`;
    const packet: Packet = { topic, key: nameOf(message), payload, qos: 1, retain: false };
    const outcome = await sendOver(progress.connection, stream.lane, packet);
    if (outcome.kind === "lost" || this.#progress !== progress) return;
    progress.unacknowledged.delete(seq);
    if (outcome.kind === "taken") {
      progress.refusals = 0;
      this.#mayGiveUp = true;
      stream.delivered(message);
    } else if (outcome.kind === "never") this.#giveUp(message, outcome.error);
    else this.#holdBack(progress, seq, outcome.error);
    progress.connection.window.giveBack(stream.lane);
  }

  /** An access list or a quota is mended some day: until then this message, and so all behind it, waits. */
  #holdBack(progress: Progress<Message>, seq: number, error: CodedError): void {
    progress.refused = Math.min(seq, progress.refused ?? seq);
    progress.isBehind = true;
    progress.liveFrom = this.#deps.stream.last() + 1;
    progress.read = [];
    progress.cursor = progress.refused - 1;
    this.#deps.onTrouble(error);
    progress.refusals += 1;
    this.#later(this.#deps.pauseMs(progress.refusals), () => {
      progress.refused = null;
      progress.more = true;
    });
  }

  #giveUp(message: Message, error: CodedError): void {
    this.#deps.stream.refused(message);
    this.#deps.onTrouble(givenUp(message, error));
  }

  #later(ms: number, change: () => void): void {
    clearTimeout(this.#timer ?? undefined);
    this.#timer = setTimeout(() => {
      change();
      this.#deps.onChange();
    }, ms);
  }
}

/** Whether a message may be sent. After a refusal one goes ahead alone: were those behind it taken, they would overtake it. */
function mayPass({ read, refused, refusals, unacknowledged }: Progress<unknown>): boolean {
  return read.length > 0 && refused === null && (refusals === 0 || unacknowledged.size === 0);
}

/** A packet's key by its message. */
export function nameOf({ kind, seq }: { readonly kind: string; readonly seq: number }): string {
  return `${kind} ${seq}`;
}

export function givenUp(
  { kind, seq }: { readonly kind: string; readonly seq: number },
  { code, message, at }: CodedError,
): CodedError {
  return new CodedError(code, `the ${kind} of seq ${seq} is given up: ${message}`, at === undefined ? {} : { at });
}

export function outboxFailed(error: unknown): CodedError {
  if (error instanceof CodedError) return error;
  return new CodedError("OUTBOX_FAILED", messageOf(error), { cause: error });
}

export const usualPauseMs =
  (random: () => number) =>
  (refusals: number): number =>
    4 * backoffMs(refusals, random);
