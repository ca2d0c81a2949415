/** Places for clients that stay: moving pictures and open live views together. */
export interface Seats {
  free(): boolean;
  /** Takes one. @returns gives it back; to be called once */
  take(): () => void;
}

export function openSeats(most: number): Seats {
  let taken = 0;
  return {
    free: () => taken < most,
    take: () => {
      taken += 1;
      return () => {
        taken -= 1;
      };
    },
  };
}
