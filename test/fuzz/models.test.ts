import { hostileInput } from "../contracts/hostile-input.js";

hostileInput("models", 2_000);
