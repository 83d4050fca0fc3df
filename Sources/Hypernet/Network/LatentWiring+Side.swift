extension LatentWiring {
    /// Channels of a node, or one side of a layer, as parts one after the other: one part, or more where
    /// channels were concatenated.
    public struct Side: Equatable, Sendable {
        /// A latent vector z of n elements as repeats · n · tiles channels: z₀…z₀ z₁…z₁ … (each element
        /// `repeats` times), and all that `tiles` times.
        public struct Part: Equatable, Sendable {
            public let vector: Int
            /// Adjacent channels of one element.
            public let repeats: Int
            /// How often the whole vector, so repeated, stands there.
            public let tiles: Int

            public init(vector: Int, repeats: Int = 1, tiles: Int = 1) {
                self.vector = vector
                self.repeats = repeats
                self.tiles = tiles
            }
        }

        public let parts: [Part]

        public init(parts: [Part]) {
            self.parts = parts
        }

        public init(vector: Int, repeats: Int = 1, tiles: Int = 1) {
            parts = [Part(vector: vector, repeats: repeats, tiles: tiles)]
        }

        /// How many channels there are.
        ///
        /// - Parameter counts: the elements of each vector that are there.
        public func channelCount(_ counts: [Int]) -> Int {
            parts.reduce(0) { $0 + $1.repeats * $1.tiles * counts[$1.vector] }
        }

        /// The channels that stay, ascending.
        ///
        /// - Parameters:
        ///   - kept: the elements of each vector that stay, ascending.
        ///   - lengths: of each vector.
        func channels(kept: [[Int]], lengths: [Int]) -> [Int] {
            var result: [Int] = []
            var first = 0
            for part in parts {
                for _ in 0..<part.tiles {
                    for element in kept[part.vector] {
                        let channel = first + element * part.repeats
                        result.append(contentsOf: channel..<channel + part.repeats)
                    }
                    first += lengths[part.vector] * part.repeats
                }
            }
            return result
        }
    }
}
