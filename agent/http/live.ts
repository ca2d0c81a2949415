import { messageOf } from "../../errors.js";
import type { Frame, Inspection } from "../types.js";

/** The moving pictures of cameras; none is encoded without a watcher. */
export interface Live {
  /** Takes a frame, on the way of frames: holds the newest by reference, no more. An inspected frame's pixels never change. */
  push(inspection: Pick<Inspection, "frame">): void;
  /**
   * Shows the camera's newest picture, then each that follows, at the rate given to openLive.
   * @returns ends it
   */
  watch(camera: string, show: (jpeg: Uint8Array) => void): () => void;
  /** Pictures that could not be encoded, since the start. */
  failed(): number;
  close(): void;
}

export interface LiveOptions {
  /** On another thread. */
  readonly encode: (frame: Frame) => Promise<Uint8Array>;
  /** The most pictures a second of one camera, however many look. */
  readonly fps: number;
  readonly onFailed: (reason: string) => void;
}

interface Channel {
  newest: Frame | null;
  /** What was encoded last, and of which frame; dropped when the last one leaves. */
  picture: { readonly of: Frame; readonly jpeg: Uint8Array } | null;
  /** Encoding, or waiting for the next picture's time. */
  busy: boolean;
  timer: NodeJS.Timeout | undefined;
  readonly watchers: Set<(jpeg: Uint8Array) => void>;
}

export function openLive({ encode, fps, onFailed }: LiveOptions): Live {
  const channels = new Map<string, Channel>();
  const everyMs = 1_000 / fps;
  let failures = 0;
  let closed = false;

  const channelOf = (camera: string): Channel => {
    const known = channels.get(camera);
    if (known !== undefined) return known;
    const channel: Channel = { newest: null, picture: null, busy: false, timer: undefined, watchers: new Set() };
    channels.set(camera, channel);
    return channel;
  };

  /** One picture at a time: a frame that comes meanwhile takes the place of the one before. */
  const advance = (channel: Channel): void => {
    const { newest, picture, busy, watchers } = channel;
    if (closed || busy || watchers.size === 0 || newest === null || newest === picture?.of) return;
    channel.busy = true;
    const startedAtMs = performance.now();
    void encode(newest)
      .then((jpeg) => {
        if (watchers.size > 0) channel.picture = { of: newest, jpeg };
        for (const show of watchers) show(jpeg);
      })
      .catch((error: unknown) => {
        failures += 1;
        onFailed(messageOf(error));
      })
      .finally(() => {
        if (closed) return;
        const restMs = Math.max(0, everyMs - (performance.now() - startedAtMs));
        channel.timer = setTimeout(() => {
          channel.busy = false;
          advance(channel);
        }, restMs);
      });
  };

  return {
    push({ frame }) {
      const channel = channelOf(frame.camera);
      channel.newest = frame;
      if (channel.watchers.size > 0) advance(channel);
    },
    watch(camera, show) {
      const channel = channelOf(camera);
      channel.watchers.add(show);
      if (channel.picture !== null) show(channel.picture.jpeg);
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
