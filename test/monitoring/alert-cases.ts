/** What each alert is raised by, as promtool's series notation has it (one value a minute), and what it lets pass. */
export interface AlertCase {
  /** By their names with labels; `job` and `instance` are added. Beside what is wrong stands what is well. */
  readonly series: Readonly<Record<string, string>>;
  /** What fires, by its labels beside job and instance. */
  readonly fires: readonly Readonly<Record<string, string>>[];
  /** Minutes: nothing fires yet, or not any more. */
  readonly quietAt: readonly number[];
  readonly firesAt: number;
}

/** A camera that was well for ten minutes, then in a state; beside it one that stays well. */
const state = (name: string, after: { readonly quiet: number; readonly fires: number }): AlertCase => ({
  series: {
    [`retort_camera_state{camera="cam1",state="${name}"}`]: "0x9 1x900",
    'retort_camera_state{camera="cam1",state="ok"}': "1x9 0x900",
    [`retort_camera_state{camera="cam2",state="${name}"}`]: "0x910",
    'retort_camera_state{camera="cam2",state="ok"}': "1x910",
  },
  fires: [{ camera: "cam1", state: name }],
  quietAt: [5, 10 + after.quiet],
  firesAt: 10 + after.fires,
});

const parts = (camera: string, counts: Readonly<Record<"ok" | "ng" | "unknown", string>>) =>
  Object.fromEntries(
    Object.entries(counts).map(([verdict, values]) => [
      `retort_parts_total{camera="${camera}",verdict="${verdict}"}`,
      values,
    ]),
  );

const gauge = (name: string, good: number, bad: number): Readonly<Record<string, string>> => ({
  [name]: `${good}x9 ${bad}x60`,
});

export const ALERT_CASES: Readonly<Record<string, AlertCase>> = {
  RetortAgentDown: { series: gauge("up", 1, 0), fires: [{}], quietAt: [9, 10], firesAt: 12 },
  RetortAgentRestarts: {
    series: { process_start_time_seconds: "100x9 200x4 300x4 400x60" },
    fires: [{}],
    quietAt: [16, 45],
    firesAt: 22,
  },
  RetortEventLoopLate: {
    series: {
      'retort_event_loop_delay_seconds_bucket{le="0.1"}': "0+3000x30 90000+1500x40",
      'retort_event_loop_delay_seconds_bucket{le="0.5"}': "0+3000x30 90000+3000x40",
      'retort_event_loop_delay_seconds_bucket{le="+Inf"}': "0+3000x30 90000+3000x40",
    },
    fires: [{}],
    quietAt: [28, 36],
    firesAt: 50,
  },
  RetortFilesRunOut: {
    series: { ...gauge("process_open_fds", 100, 900), process_max_fds: "1024x70" },
    fires: [{}],
    quietAt: [9, 15],
    firesAt: 25,
  },

  RetortCameraNoSignal: state("no-signal", { quiet: 0, fires: 2 }),
  RetortCameraFaulted: state("faulted", { quiet: 0, fires: 1 }),
  RetortCameraNotStarting: state("starting", { quiet: 3, fires: 6 }),
  RetortCameraDisabled: state("disabled", { quiet: 600, fires: 725 }),
  RetortStandsAnomalous: state("anomalous", { quiet: 10, fires: 17 }),
  RetortShareInspectedLow: {
    series: {
      'retort_frames_captured_total{camera="cam1"}': "0+600x90",
      'retort_frames_scored_total{camera="cam1"}': "0+600x30 18000+400x60",
      'retort_frames_captured_total{camera="cam2"}': "0+600x90",
      'retort_frames_scored_total{camera="cam2"}': "0+595x90",
      // Stands still.
      'retort_frames_captured_total{camera="cam3"}': "500x90",
      'retort_frames_scored_total{camera="cam3"}': "400x90",
    },
    fires: [{ camera: "cam1" }],
    quietAt: [30, 40],
    firesAt: 55,
  },
  RetortFramesFailing: {
    series: {
      'retort_frames_captured_total{camera="cam1"}': "0+600x90",
      'retort_frames_failed_total{camera="cam1"}': "0x30 0+30x60",
      'retort_frames_captured_total{camera="cam2"}': "0+600x90",
      'retort_frames_failed_total{camera="cam2"}': "0+1x90",
    },
    fires: [{ camera: "cam1" }],
    quietAt: [30, 35],
    firesAt: 50,
  },

  RetortVerdictsUnknown: {
    series: {
      ...parts("cam1", { ok: "0+50x90", ng: "0+1x90", unknown: "0x30 0+5x60" }),
      ...parts("cam2", { ok: "0+500x90", ng: "0+10x90", unknown: "0+1x90" }),
    },
    fires: [{ camera: "cam1" }],
    quietAt: [30, 36],
    firesAt: 60,
  },
  RetortVerdictsLate: {
    series: {
      ...parts("cam1", { ok: "0+50x90", ng: "0+1x90", unknown: "0x90" }),
      'retort_parts_late_total{camera="cam1"}': "0x30 0+5x60",
    },
    fires: [{ camera: "cam1" }],
    quietAt: [30, 36],
    firesAt: 60,
  },
  RetortRejectsRise: {
    series: {
      ...parts("cam1", { ok: "0+50x700", ng: "0+1x600 600+20x100", unknown: "0x700" }),
      // As many as ever.
      ...parts("cam2", { ok: "0+50x700", ng: "0+20x700", unknown: "0x700" }),
    },
    fires: [{ camera: "cam1" }],
    quietAt: [600],
    firesAt: 625,
  },

  RetortModelBlind: {
    series: {
      'retort_self_test_passed{model="plate"}': "NaN 1x9 0x20",
      'retort_self_test_passed{model="lid"}': "1x30",
    },
    fires: [{ model: "plate" }],
    quietAt: [0, 9],
    firesAt: 11,
  },
  RetortSelfTestUnknown: {
    series: {
      'retort_self_test_passed{model="plate"}': Array.from({ length: 90 }, () => "NaN").join(" "),
      'retort_self_test_passed{model="lid"}': "0x90",
    },
    fires: [{ model: "plate" }],
    quietAt: [50],
    firesAt: 65,
  },
  RetortDrifting: {
    series: { 'retort_drifting{camera="cam1"}': "0x9 1x30", 'retort_drifting{camera="cam2"}': "0x40" },
    fires: [{ camera: "cam1" }],
    quietAt: [9, 15],
    firesAt: 21,
  },
  RetortProviderNotUsed: {
    series: {
      'retort_model_provider_fault{model="plate"}': "0x9 1x30",
      'retort_model_provider_fault{model="lid"}': "0x40",
    },
    fires: [{ model: "plate" }],
    quietAt: [9, 12],
    firesAt: 16,
  },
  RetortProviderChanged: {
    series: {
      'retort_model_info{model="plate",name="p",version="1",provider="cuda"}': "1x99 stale",
      'retort_model_info{model="plate",name="p",version="1",provider="cpu"}': "_x100 1x120",
      // New, and on no other before.
      'retort_model_info{model="lid",name="l",version="1",provider="cpu"}': "_x100 1x120",
    },
    fires: [{ model: "plate", name: "p", version: "1", provider: "cpu" }],
    quietAt: [99, 103, 175],
    firesAt: 110,
  },
  RetortInferenceStuck: {
    series: gauge("retort_inference_threads_stuck", 0, 1),
    fires: [{}],
    quietAt: [9],
    firesAt: 12,
  },

  RetortBrokerUnreachable: {
    series: gauge("retort_broker_connected", 1, 0),
    fires: [{}],
    quietAt: [9, 11],
    firesAt: 13,
  },
  RetortOutboxOld: { series: gauge("retort_outbox_age_seconds", 20, 400), fires: [{}], quietAt: [9], firesAt: 12 },
  RetortOutboxFilling: {
    series: { ...gauge("retort_outbox_bytes", 100, 600), retort_outbox_max_bytes: "1000x70" },
    fires: [{}],
    quietAt: [9, 12],
    firesAt: 17,
  },
  RetortGivenUp: {
    series: {
      'retort_outbox_lost_total{reason="alert-room"}': "0x9 0 4x40",
      'retort_outbox_lost_total{reason="evidence-room"}': "0+1x50",
    },
    fires: [{}],
    quietAt: [9, 40],
    firesAt: 12,
  },
  RetortPicturesGivenUp: {
    series: {
      'retort_outbox_lost_total{reason="evidence-refused"}': "0x9 0 4x40",
      'retort_outbox_lost_total{reason="verdict-age"}': "0+1x50",
    },
    fires: [{}],
    quietAt: [9, 40],
    firesAt: 12,
  },
  RetortOutboxNotDurable: {
    series: { ...gauge("retort_outbox_undurable", 0, 3), retort_outbox_full: "0x70" },
    fires: [{}],
    quietAt: [9, 10],
    firesAt: 12,
  },
  RetortEvidenceFailing: {
    series: {
      'retort_evidence_pictures_total{outcome="failed"}': "0x9 0+1x60",
      'retort_evidence_pictures_total{outcome="skipped"}': "0+1x70",
    },
    fires: [{ outcome: "failed" }],
    quietAt: [9, 15],
    firesAt: 30,
  },

  RetortDiskNearlyFull: {
    series: { ...gauge("retort_disk_free_bytes", 500, 50), retort_disk_size_bytes: "1000x70" },
    fires: [{}],
    quietAt: [9, 15],
    firesAt: 21,
  },
  RetortDiskFillsUp: {
    series: { retort_disk_free_bytes: "400x60 400-0.5x400", retort_disk_size_bytes: "1000x460" },
    fires: [{}],
    quietAt: [60],
    firesAt: 300,
  },
  RetortTemperatureHigh: {
    series: {
      'retort_temperature_celsius{zone="cpu"}': "60x9 90x30",
      'retort_temperature_celsius{zone="gpu"}': "70x40",
    },
    fires: [{ zone: "cpu" }],
    quietAt: [9, 12],
    firesAt: 16,
  },
  RetortThrottled: {
    series: {
      'retort_throttled{reason="gpu-throttle-alert"}': "_x9 1x30",
      'retort_throttled{reason="gpu-power-cap"}': "1x40",
    },
    fires: [{ reason: "gpu-throttle-alert" }],
    quietAt: [9, 12],
    firesAt: 16,
  },
  RetortSupplyWeak: {
    series: {
      'retort_power_events_total{event="oc1"}': "0x9 2x40",
      'retort_power_events_total{event="oc3"}': "0+60x50",
    },
    fires: [{ event: "oc1" }],
    quietAt: [9, 40],
    firesAt: 12,
  },
};
