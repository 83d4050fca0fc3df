extension Recipe.Schedule {
    init(_ reader: SettingsReader?, epochs: Int) {
        course = .constant
        warmupEpochs = 0
        guard let reader else { return }
        let kind = reader.choice("kind", Kind.self)
        let milestones = reader.numbers("milestones", .above(0, to: 100_000), countMax: 64)
        let factor = reader.number("factor", .above(0, to: 1)) ?? 0.1
        warmupEpochs = reader.number("warmup_epochs", .from(0, to: 100_000)) ?? 0
        switch kind {
        case .step:
            if !reader.has("milestones") { reader.report("milestones", "missing; kind: step needs them") }
            course = .step(milestones: milestones ?? [], factor: factor)
            let resolved = milestoneEpochs(epochs: epochs)
            if zip(resolved, resolved.dropFirst()).contains(where: { $0 >= $1 }) {
                reader.report("milestones", "must ascend; in epochs they are \(resolved.map(short))")
            }
        case .constant, .cosine, nil:
            course = kind == .cosine ? .cosine : .constant
            for key in ["milestones", "factor"] where reader.has(key) {
                reader.report(key, "is for kind: step only")
            }
        }
        if warmupEpochs > Double(epochs) {
            reader.report("warmup_epochs", "\(short(warmupEpochs)) is more than the run's \(epochs) epochs")
        }
        reader.finish(elsewhere: Recipe.keys)
    }

    /// Keys and values as YAML writes them, defaults included but for the warm-up.
    var written: [(key: String, value: String)] {
        var result = [(key: "kind", value: kind.rawValue)]
        if case .step(let milestones, let factor) = course {
            let list = milestones.map(short).joined(separator: ", ")
            result += [("milestones", "[\(list)]"), ("factor", short(factor))]
        }
        if warmupEpochs > 0 { result.append(("warmup_epochs", short(warmupEpochs))) }
        return result
    }
}
