extension Recipe {
    /// What is learnt from a teacher.
    public struct Distillation: Equatable, Sendable {
        public enum Kind: String, Equatable, Sendable, CaseIterable {
            /// The teacher's softened probabilities.
            case logits
            /// The similarities between a shard's images, by their logits.
            case similarity
            /// The features that the classifier takes the mean of.
            case features
        }

        public enum Phases: String, Equatable, Sendable, CaseIterable {
            case converge
            /// The search too.
            case both
        }

        /// A checkpoint's folder, or a run's folder for its newest checkpoint.
        public var teacher: String
        /// What `espalier digest` prints of it. Nil: whatever is there; a run's own recipe has it.
        public var digest: String?
        public var kind: Kind
        /// By which logits are divided; for `logits` alone.
        public var temperature: Double
        /// Of the teacher's part of the loss. For `logits` the cross-entropy has the rest of 1, else 1.
        public var weight: Double
        public var phases: Phases

        init(_ reader: SettingsReader) {
            teacher = reader.text("teacher") ?? ""
            if !reader.has("teacher") {
                reader.report("teacher", "missing; a checkpoint's folder, or a run's for its newest")
            }
            digest = Self.digest(reader)
            kind = reader.choice("kind", Kind.self) ?? .logits
            temperature = reader.number("temperature", .above(0, to: 100)) ?? 4
            if kind != .logits, reader.has("temperature") {
                reader.report("temperature", "is for kind: logits only")
            }
            switch kind {
            case .logits: weight = reader.number("weight", .above(0, to: 1)) ?? 0.4
            case .similarity: weight = reader.number("weight", .above(0, to: 1_000_000)) ?? 3000
            case .features: weight = reader.number("weight", .above(0, to: 1_000_000)) ?? 1
            }
            phases = reader.choice("phases", Phases.self) ?? .converge
            if kind == .features, phases == .both {
                reader.report("phases", "kind: features is for the converge phase only")
            }
            reader.finish(elsewhere: Recipe.keys)
        }

        private static func digest(_ reader: SettingsReader) -> String? {
            guard let digest = reader.text("digest") else { return nil }
            let isDigest = digest.utf8.count == 64 && digest.utf8.allSatisfy("0123456789abcdef".utf8.contains)
            if !isDigest {
                reader.report("digest", "expected what espalier digest prints, got \"\(shown(digest))\"")
            }
            return digest
        }

        static let keys = [
            "distillation.teacher", "distillation.digest", "distillation.kind", "distillation.temperature",
            "distillation.weight", "distillation.phases",
        ]

        /// Where the teacher is does not decide the weights, but what it is.
        var settings: [Setting] {
            [Setting("distillation.teacher", Recipe.quoted(teacher), decides: false)]
                + (digest.map { [Setting("distillation.digest", Recipe.quoted($0))] } ?? [])
                + [Setting("distillation.kind", kind.rawValue)]
                + (kind == .logits ? [Setting("distillation.temperature", short(temperature))] : [])
                + [
                    Setting("distillation.weight", short(weight)),
                    Setting("distillation.phases", phases.rawValue),
                ]
        }
    }
}
