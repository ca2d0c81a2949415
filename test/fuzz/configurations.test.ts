import { hostileInput } from "../contracts/hostile-input.js";

hostileInput("configurations", 1_000);
