//! Circles in a graph, and an order of the rest.

/// The strongly connected components of a graph, which is given by what each node depends on: nodes that depend on one
/// another in a circle stand together, and each component behind those that it depends on. Apart from that they are in the
/// order of the nodes, and so are the nodes within each (Tarjan's algorithm, without recursion: a chain may be long).
pub(super) fn components(dependencies: &[Vec<usize>]) -> Vec<Vec<usize>> {
    let mut search = Search {
        dependencies,
        nodes: vec![Node::default(); dependencies.len()],
        visited: 0,
        open: Vec::new(),
        found: Vec::new(),
    };
    for node in 0..dependencies.len() {
        if search.nodes[node].number == 0 {
            search.walk_from(node);
        }
    }
    search.found
}

#[derive(Debug, Clone, Copy, Default)]
struct Node {
    /// When it was reached, from 1 on; 0, not yet.
    number: usize,
    /// The lowest number that it is known to reach among the nodes whose component is not found yet.
    lowest: usize,
    /// Whether its component is not found yet.
    is_open: bool,
}

struct Search<'g> {
    dependencies: &'g [Vec<usize>],
    nodes: Vec<Node>,
    visited: usize,
    /// The nodes whose components are not found yet, in the order in which they were reached.
    open: Vec<usize>,
    found: Vec<Vec<usize>>,
}

impl Search<'_> {
    fn walk_from(&mut self, start: usize) {
        // Each node on the way, with how many of its dependencies have been looked at.
        let mut way = vec![(start, 0)];
        self.reach(start);
        while let Some((node, looked_at)) = way.last_mut() {
            let node = *node;
            if let Some(&next) = self.dependencies[node].get(*looked_at) {
                *looked_at += 1;
                if self.nodes[next].number == 0 {
                    self.reach(next);
                    way.push((next, 0));
                } else if self.nodes[next].is_open {
                    self.lower(node, self.nodes[next].number);
                }
                continue;
            }
            way.pop();
            if let Some((before, _)) = way.last() {
                self.lower(*before, self.nodes[node].lowest);
            }
            if self.nodes[node].lowest == self.nodes[node].number {
                self.close(node);
            }
        }
    }

    fn reach(&mut self, node: usize) {
        self.visited += 1;
        self.nodes[node] = Node { number: self.visited, lowest: self.visited, is_open: true };
        self.open.push(node);
    }

    fn lower(&mut self, node: usize, number: usize) {
        let lowest = &mut self.nodes[node].lowest;
        *lowest = number.min(*lowest);
    }

    /// Takes out the component whose node it was that was reached first.
    fn close(&mut self, first: usize) {
        let begin = self.open.iter().rposition(|node| *node == first).unwrap_or_default();
        let mut component = self.open.split_off(begin);
        for node in &component {
            self.nodes[*node].is_open = false;
        }
        component.sort_unstable();
        self.found.push(component);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_depends_on_nothing_keeps_its_order() {
        assert_eq!(components(&[vec![], vec![], vec![]]), [[0], [1], [2]]);
        assert!(components(&[]).is_empty());
    }

    #[test]
    fn dependencies_come_first_and_move_no_more_than_they_must() {
        assert_eq!(components(&[vec![], vec![3], vec![], vec![], vec![1]]), [[0], [3], [1], [2], [4]]);
        assert_eq!(components(&[vec![1, 2], vec![2], vec![]]), [[2], [1], [0]]);
    }

    #[test]
    fn circles_stand_together_and_behind_what_they_depend_on() {
        assert_eq!(components(&[vec![1], vec![0]]), [vec![0, 1]]);
        assert_eq!(components(&[vec![0]]), [[0]]);
        let two_circles = [vec![1], vec![2, 3], vec![0], vec![4], vec![3], vec![0]];
        assert_eq!(components(&two_circles), [vec![3, 4], vec![0, 1, 2], vec![5]]);
        let eight = [vec![1], vec![0, 2], vec![1]];
        assert_eq!(components(&eight), [vec![0, 1, 2]]);
    }

    #[test]
    fn a_long_chain_needs_no_deep_stack() {
        let count = 200_000;
        let chain: Vec<Vec<usize>> =
            (1..=count).map(|next| if next < count { vec![next] } else { vec![] }).collect();
        let found = components(&chain);
        assert_eq!(found.first(), Some(&vec![count - 1]));
        assert_eq!(found.len(), count);
        let mut circle = chain;
        circle[count - 1] = vec![0];
        assert_eq!(components(&circle).len(), 1);
    }
}
