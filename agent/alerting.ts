import { join } from "node:path";
import { filter, type Observable, Subject } from "rxjs";
import { partOf } from "../config/parts.js";
import type { Config } from "../config/types.js";
import type { CodedError } from "../errors.js";
import type { VerdictPayload } from "./contract/part-payloads.js";
import { baseTopic } from "./contract/topics.js";
import { type Evidence, type EvidenceOptions, openEvidence } from "./evidence/evidence.js";
import type { AlertHistory } from "./history/history.js";
import { type HistoryOptions, openHistory } from "./history/open.js";
import { type Ages, openAges } from "./kit/ages.js";
import { type Clock, type ClockMark, clockMark } from "./kit/clock.js";
import { opening } from "./kit/closing.js";
import { type Logger, warnOf } from "./kit/log.js";
import { type AlertPicture, alertIntake } from "./line/alert-intake.js";
import { partIntake } from "./line/part-intake.js";
import { type OutboxOptions, openOutbox } from "./outbox/open.js";
import type { Outbox } from "./outbox/outbox.js";
import type { Part } from "./parts/part.js";
import type { AlertStep } from "./types.js";

/** The edges of alerting, each with its real default. */
export interface AlertingDeps {
  readonly openOutbox?: (options: OutboxOptions) => Promise<Outbox>;
  readonly openHistory?: (options: HistoryOptions) => Promise<AlertHistory>;
  readonly openEvidence?: (options: EvidenceOptions) => Promise<Evidence>;
}

/** What happens to an alert between its camera and the broker: it gets its picture, its number, and its place on disk. */
export interface Alerting {
  readonly outbox: Outbox;
  readonly history: AlertHistory;
  readonly evidence: Evidence;
  /** Each picture of an alert, as it is drawn. */
  readonly picture$: Observable<AlertPicture>;
  /** Takes a step of an alert, in the turn in which it is taken: its frame is then still held. */
  accept(step: AlertStep): void;
  /** Takes a part, in the turn in which it is judged. @returns its verdict with its number; null where it was given up */
  judged(part: Part): Promise<VerdictPayload | null>;
  /** Draws no more pictures; resolves when the outbox has every step and picture that was accepted. */
  finish(): Promise<void>;
  /** Resolves when everything is on disk. */
  close(): Promise<void>;
}

const OUTBOX_MS = 300;
const AGES_MS = 30;
const HISTORY_MS = 100;
/** Short, for watching has waited for it before. */
const FINISH_MS = 50;

/**
 * Opens what is kept of alerts below the state folder, and takes up what the last run left there.
 * @throws CodedError of the outbox, such as STORE_LOCKED where another agent has the folder
 */
export function openAlerting(
  config: Config,
  { log, clock, ...edges }: AlertingDeps & { readonly log: Logger; readonly clock: Clock },
): Promise<Alerting> {
  const { state, agent, mqtt, cameras } = config;
  return opening(
    (reason) => log.warn(reason),
    async (closing) => {
      const trouble$ = new Subject<CodedError>();
      const onTrouble = (trouble: CodedError): void => trouble$.next(trouble);
      trouble$.subscribe(warnOf(log));
      let ages: Ages | null = null;
      // First, for it keeps a second agent out of the folder.
      const outbox = await (edges.openOutbox ?? openOutbox)({
        statePath: state.path,
        base: baseTopic(mqtt.prefix, agent.id),
        cameras: cameras.filter((camera) => partOf(camera) !== null).map(({ id }) => id),
        maxBytes: config.outbox.maxMb * 1_048_576,
        maxAgeMs: config.outbox.maxAgeHours * 3_600_000,
        ageMs: (stampMs) => ages?.ageMs(stampMs) ?? 0,
        onTrouble,
      });
      closing.add("the outbox", OUTBOX_MS, () => outbox.close());
      const file = join(state.path, "clock.json");
      ages = await openAges({ file, clock, onLeap: (text) => log.warn(text), onTrouble });
      closing.add("the account of the clock", AGES_MS, ages.close);
      const history = await (edges.openHistory ?? openHistory)({
        statePath: state.path,
        maxAlerts: config.alerts.historyMax,
        maxAgeMs: config.alerts.historyDays * 86_400_000,
        ageMs: ages.ageMs,
        onTrouble,
      });
      closing.add("the history", HISTORY_MS, () => history.close());
      const evidence = await (edges.openEvidence ?? openEvidence)({
        config: config.evidence,
        statePath: state.path,
        cameras: cameras.map(({ id }) => id),
        log,
        nowMs: clock.monotonicMs,
        ageMs: ages.ageMs,
      });
      const picture$ = new Subject<AlertPicture>();
      const mark = (stampMs: number): ClockMark => clockMark(clock, stampMs);
      const intake = alertIntake(evidence, outbox, (picture) => picture$.next(picture), mark);
      const parts = partIntake(evidence, outbox, mark);
      const finish = async (): Promise<void> => {
        await Promise.all([evidence.close(), intake.settled(), parts.settled()]);
      };
      closing.add("evidence", FINISH_MS, finish);
      // Evidence gives way to alerts where the disk is full.
      trouble$.pipe(filter(({ code }) => code === "STORE_FULL")).subscribe(() => void evidence.makeRoom());
      outbox.added$.subscribe((alert) => history.record(alert));
      const owed = await outbox.recover();
      if (owed > 0)
        log.warn(`the last run was cut short: ${owed} alerts waited for a picture, or stood and are cleared`);
      const { accept } = intake;
      return {
        outbox,
        history,
        evidence,
        picture$,
        accept,
        judged: parts.accept,
        finish,
        close: () => closing.close(),
      };
    },
  );
}
