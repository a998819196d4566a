//! Groups of numbers that grow together: Tarjan's union–find, with path halving (Tarjan and van Leeuwen 1984).

/// The groups of the numbers 0 to n − 1, each at first by itself. Every group has a root, which is one of its numbers.
#[derive(Debug, Default)]
pub struct UnionFind {
    parent: Vec<u32>,
}

impl UnionFind {
    /// `n` groups of one number each.
    pub(crate) fn new(n: usize) -> Self {
        Self { parent: (0..n as u32).collect() }
    }

    /// One more number, a group by itself; returns it.
    pub fn push(&mut self) -> u32 {
        let number = self.parent.len() as u32;
        self.parent.push(number);
        number
    }

    /// The root of the group that `number` is in.
    ///
    /// # Panics
    /// Where there is no such number, as the others do.
    pub fn find(&mut self, mut number: u32) -> u32 {
        while self.parent[number as usize] != number {
            let above = self.parent[self.parent[number as usize] as usize];
            self.parent[number as usize] = above;
            number = above;
        }
        number
    }

    /// [`Self::find`] without shortening the way.
    pub(crate) fn root(&self, mut number: u32) -> u32 {
        while self.parent[number as usize] != number {
            number = self.parent[number as usize];
        }
        number
    }

    /// Makes one group of two, whose root is the smaller root.
    pub fn join(&mut self, a: u32, b: u32) {
        let (x, y) = (self.find(a), self.find(b));
        self.parent[x.max(y) as usize] = x.min(y);
    }

    /// Makes one group of those of two roots; `keep` is its root.
    pub(crate) fn join_roots(&mut self, keep: u32, gone: u32) {
        self.parent[gone as usize] = keep;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_joined_and_have_the_smallest_root() {
        let mut groups = UnionFind::new(5);
        assert_eq!(groups.push(), 5);
        groups.join(4, 5);
        groups.join(3, 1);
        groups.join(5, 3);
        groups.join(1, 4);
        assert_eq!([0, 1, 2, 3, 4, 5].map(|number| groups.root(number)), [0, 1, 2, 1, 1, 1]);
        assert_eq!([0, 1, 2, 3, 4, 5].map(|number| groups.find(number)), [0, 1, 2, 1, 1, 1]);
    }
}
