import { messageOf } from "../../errors.js";
import type { Frame, Inspection } from "../types.js";

/** The moving pictures of cameras; none is encoded without a watcher. */
export interface Live {
  /** Takes what was made of a frame, on the way of frames: holds the newest by reference, no more. Its pixels and its map never change. */
  push(inspection: Inspection): void;
  /**
   * Shows the camera's newest picture, then each that follows, at the rate that any of its watchers wants, and openLive allows.
   * @param fps the rate that this one wants; as many as there are unless given
   * @returns ends it
   */
  watch(camera: string, show: Show, fps?: number): () => void;
  /** Pictures that could not be encoded, since the start. */
  failed(): number;
  close(): void;
}

/** Is given a picture, and what was made of the frame that it is of. */
export type Show = (jpeg: Uint8Array, inspection: Inspection) => void;

export interface LiveOptions {
  /** On another thread. */
  readonly encode: (frame: Frame) => Promise<Uint8Array>;
  /** The most pictures a second of one camera, however many look. */
  readonly fps: number;
  readonly onFailed: (reason: string) => void;
}

interface Channel {
  newest: Inspection | null;
  /** What was encoded last, and of which frame; dropped when the last one leaves. */
  picture: { readonly of: Inspection; readonly jpeg: Uint8Array } | null;
  /** Encoding, or waiting for the next picture's time. */
  busy: boolean;
  timer: NodeJS.Timeout | undefined;
  /** With the rate that each wants. */
  readonly watchers: Map<Show, number>;
}

export function openLive({ encode, fps, onFailed }: LiveOptions): Live {
  const channels = new Map<string, Channel>();
  let failures = 0;
  let closed = false;

  const channelOf = (camera: string): Channel => {
    const known = channels.get(camera);
    if (known !== undefined) return known;
    const channel: Channel = { newest: null, picture: null, busy: false, timer: undefined, watchers: new Map() };
    channels.set(camera, channel);
    return channel;
  };

  /** One picture at a time: a frame that comes meanwhile takes the place of the one before. */
  const advance = (channel: Channel): void => {
    const { newest, picture, busy, watchers } = channel;
    if (closed || busy || watchers.size === 0 || newest === null || newest === picture?.of) return;
    channel.busy = true;
    const startedAtMs = performance.now();
    void encode(newest.frame)
      .then((jpeg) => {
        if (watchers.size > 0) channel.picture = { of: newest, jpeg };
        for (const show of watchers.keys()) show(jpeg, newest);
      })
      .catch((error: unknown) => {
        failures += 1;
        onFailed(messageOf(error));
      })
      .finally(() => {
        if (closed) return;
        const wanted = watchers.size === 0 ? fps : Math.max(...watchers.values());
        const everyMs = 1_000 / Math.min(fps, wanted);
        const restMs = Math.max(0, everyMs - (performance.now() - startedAtMs));
        channel.timer = setTimeout(() => {
          channel.busy = false;
          advance(channel);
        }, restMs);
      });
  };

  return {
    push(inspection) {
      const channel = channelOf(inspection.frame.camera);
      channel.newest = inspection;
      if (channel.watchers.size > 0) advance(channel);
    },
    watch(camera, show, wanted = fps) {
      const channel = channelOf(camera);
      channel.watchers.set(show, wanted);
      if (channel.picture !== null) show(channel.picture.jpeg, channel.picture.of);
      advance(channel);
      return () => {
        channel.watchers.delete(show);
        if (channel.watchers.size === 0) channel.picture = null;
      };
    },
    failed: () => failures,
    close() {
      closed = true;
      for (const { timer, watchers } of channels.values()) {
        clearTimeout(timer);
        watchers.clear();
      }
    },
  };
}
