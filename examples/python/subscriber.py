#!/usr/bin/env python3
"""Prints and keeps every verdict on a part, each once: python3 subscriber.py mqtt://broker verdicts.db

MQTT_USERNAME and MQTT_PASSWORD say who asks, where the broker wants to know. Works with paho-mqtt 1.6 and 2.
"""
import json
import os
import signal
import sqlite3
import sys
from urllib.parse import urlparse

import paho.mqtt.client as mqtt

url = urlparse(sys.argv[1] if len(sys.argv) > 1 else "mqtt://127.0.0.1")
database = sqlite3.connect(sys.argv[2] if len(sys.argv) > 2 else "verdicts.db")
database.execute(
    """CREATE TABLE IF NOT EXISTS verdicts (
    agent TEXT, camera TEXT, seq INTEGER, ts TEXT, part TEXT, verdict TEXT, score REAL, json TEXT,
    PRIMARY KEY (agent, camera, seq))"""
)


def on_connect(client, _userdata, _flags, reason, _properties=None):
    if reason != 0:
        print(f"not connected: {reason}", file=sys.stderr, flush=True)
    else:
        client.subscribe("retort/+/+/verdict", qos=1)


def on_subscribe(_client, _userdata, _mid, granted, _properties=None):
    # 128 and above: refused.
    refused = any(getattr(each, "value", each) >= 128 for each in granted)
    print("the broker refuses the subscription" if refused else "listening", file=sys.stderr, flush=True)


def verdict_in(payload):
    """None for what others publish there: what raises is not acknowledged, and comes again with each start."""
    try:
        verdict = json.loads(payload)
    except (ValueError, RecursionError):
        return None
    kinds = {"seq": int, "ts": str, "part": (str, int), "verdict": str, "score": (int, float, type(None))}
    if not isinstance(verdict, dict) or not all(isinstance(verdict.get(key, ()), kind) for key, kind in kinds.items()):
        return None
    return verdict if verdict["seq"] < 2**53 else None


def on_message(_client, _userdata, message):
    """Paho acknowledges when this returns: what is not kept yet is sent again."""
    _, agent, camera, _ = message.topic.split("/")
    verdict = verdict_in(message.payload)
    if verdict is None:
        print(f"{message.topic}: no verdict, passed over", file=sys.stderr, flush=True)
        return
    seq = verdict["seq"]
    last, ts = database.execute(
        "SELECT coalesce(max(seq), 0), coalesce(max(ts), '') FROM verdicts WHERE agent = ? AND camera = ?",
        (agent, camera),
    ).fetchone()
    # Numbers of one camera come in their order, without gaps; what has one that was seen is a repeat.
    if seq <= last:
        # A repeat is not newer than what is kept: the agent's state folder was deleted.
        if verdict["ts"] > ts:
            print(f"{agent}/{camera} counts anew, and is passed over: give the agent a new id", file=sys.stderr, flush=True)
        return
    if last > 0 and seq > last + 1:
        print(f"{agent}/{camera}: {last + 1} to {seq - 1} are missing: see outbox.gaps in health", file=sys.stderr)
    row = (agent, camera, seq, verdict["ts"], str(verdict["part"]), verdict["verdict"], verdict["score"])
    with database:
        database.execute("INSERT INTO verdicts VALUES (?, ?, ?, ?, ?, ?, ?, ?)", (*row, json.dumps(verdict)))
    print(verdict["ts"], f"{agent}/{camera}", seq, verdict["verdict"], "part", verdict["part"], flush=True)


def new_client():
    # A session that lasts, under a name of its own: the broker keeps what comes while this does not run.
    name = os.environ.get("MQTT_CLIENT_ID", "verdicts-python")
    if hasattr(mqtt, "CallbackAPIVersion"):  # paho-mqtt 2
        return mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id=name, clean_session=False)
    return mqtt.Client(client_id=name, clean_session=False)


client = new_client()
client.on_connect, client.on_subscribe, client.on_message = on_connect, on_subscribe, on_message
if "MQTT_USERNAME" in os.environ:
    client.username_pw_set(os.environ["MQTT_USERNAME"], os.environ.get("MQTT_PASSWORD"))
secure = url.scheme == "mqtts"
if secure:
    client.tls_set()
signal.signal(signal.SIGTERM, lambda *_: client.disconnect())
client.connect_async(url.hostname, url.port or (8883 if secure else 1883))
client.loop_forever(retry_first_connection=True)
