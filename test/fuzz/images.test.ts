import { hostileInput } from "../contracts/hostile-input.js";

hostileInput("images", 1_500);
