extension Recipe {
    /// What training minimises beside the distillation.
    public struct Loss: Equatable, Sendable {
        /// The share of every label that all classes get alike; 0: none.
        public var labelSmoothing: Double

        init(_ reader: SettingsReader?) {
            labelSmoothing = reader?.number("label_smoothing", .from(0, below: 1)) ?? 0
            reader?.finish(elsewhere: Recipe.keys)
        }

        static let keys = ["loss.label_smoothing"]

        /// None for the default, so that recipes without it keep their fingerprint.
        var settings: [Setting] {
            labelSmoothing == 0 ? [] : [Setting("loss.label_smoothing", short(labelSmoothing))]
        }
    }
}
