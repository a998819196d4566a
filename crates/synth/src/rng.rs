//! Chance, repeatable for ever: SplitMix64 (Steele, Lea, Flood 2014), written out here because the files promise the
//! same bytes for the same arguments, which a library's next version need not keep.

/// What a stream of draws is for; streams of the same household never share draws.
#[derive(Clone, Copy)]
pub(crate) enum Stream {
    Stock = 1,
    Household = 2,
    Plan = 3,
    Record = 4,
    Order = 5,
    Agent = 6,
    Details = 7,
}

#[derive(Clone)]
pub(crate) struct Rng(u64);

impl Rng {
    /// The stream of `purpose` for one thing, which `index` numbers.
    pub(crate) fn of(seed: u64, purpose: Stream, index: u64) -> Self {
        Self(mix(mix(seed ^ 0x6a09_e667_f3bc_c909) ^ mix(index.wrapping_mul(8).wrapping_add(purpose as u64))))
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0)
    }

    /// A number in `0..n`; 0 where `n` is 0.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        ((u128::from(self.next()) * n as u128) >> 64) as usize
    }

    pub(crate) fn between(&mut self, low: i32, high: i32) -> i32 {
        low + self.below((high - low + 1).max(1) as usize) as i32
    }

    pub(crate) fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    pub(crate) fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    pub(crate) fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    /// Puts a slice in random order (Fisher–Yates).
    pub(crate) fn shuffle<T>(&mut self, slice: &mut [T]) {
        for i in (1..slice.len()).rev() {
            slice.swap(i, self.below(i + 1));
        }
    }
}

/// The finaliser of SplitMix64: every bit of the input moves every bit of the output.
pub(crate) fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Draws indices as often as their weights say.
pub(crate) struct Skew(Vec<u32>);

impl Skew {
    pub(crate) fn new(weights: impl IntoIterator<Item = f64>) -> Self {
        let mut total = 0.0;
        let sums: Vec<f64> = weights
            .into_iter()
            .map(|weight| {
                total += weight;
                total
            })
            .collect();
        Self(sums.into_iter().map(|sum| (sum / total * f64::from(u32::MAX)) as u32).collect())
    }

    /// Zipf–Mandelbrot weights `1 / (rank + flat)^steep`, which names, places and streets follow.
    pub(crate) fn zipf(n: usize, flat: f64, steep: f64) -> Self {
        Self::new((0..n).map(|rank| (rank as f64 + 1.0 + flat).powf(-steep)))
    }

    pub(crate) fn draw(&self, rng: &mut Rng) -> usize {
        let at = (rng.next() >> 32) as u32;
        self.0.partition_point(|&sum| sum <= at).min(self.0.len() - 1)
    }
}
