import { hostileInput } from "../contracts/hostile-input.js";

hostileInput("broker", 1_500);
