/** Loaded into every test process: asked by the runner, it tells what keeps the process from ending. */
process.on("SIGUSR2", () => {
  const held = process.getActiveResourcesInfo().filter((name) => name !== "PipeWrap" && name !== "SignalWrap");
  console.error(`STILL OPEN: ${held.length === 0 ? "nothing that Node knows of" : held.join(", ")}`);
});
