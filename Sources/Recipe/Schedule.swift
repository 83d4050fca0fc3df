extension Recipe {
    /// How the learning rate changes during the converge phase.
    public struct Schedule: Equatable, Sendable {
        public enum Course: Equatable, Sendable {
            case constant
            /// Times `factor` at every milestone. A milestone of 1 or more is an epoch, one below 1 a
            /// fraction of all epochs.
            case step(milestones: [Double], factor: Double)
            /// Half a cosine from the full rate to zero.
            case cosine
        }

        enum Kind: String, CaseIterable {
            case constant, step, cosine
        }

        public var course: Course
        /// Epochs, not always whole, over which the rate grows from 0 to the full one.
        public var warmupEpochs: Double

        var kind: Kind {
            switch course {
            case .constant: .constant
            case .step: .step
            case .cosine: .cosine
            }
        }

        /// The milestones in epochs, ascending; not all need be whole, nor within `epochs`. Empty without
        /// milestones.
        public func milestoneEpochs(epochs: Int) -> [Double] {
            guard case .step(let milestones, _) = course else { return [] }
            return milestones.map { $0 < 1 ? $0 * Double(epochs) : $0 }
        }
    }
}
