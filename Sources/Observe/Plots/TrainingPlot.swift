/// Loss and accuracy over the epochs.
public struct TrainingPlot {
    private let history: RunHistory
    private let network: String

    /// Points of a curve at most; more are averaged.
    private static let pointsMax = 500

    public init(_ history: RunHistory, network: String) {
        self.history = history
        self.network = network
    }

    /// Nil while there is nothing to show.
    public var svg: String? {
        guard !history.steps.isEmpty || !history.evaluations.isEmpty else { return nil }
        let hasEpochs =
            history.steps.allSatisfy { $0.epoch != nil }
            && history.evaluations.allSatisfy { $0.epoch != nil }
        let search = searchSteps(hasEpochs)
        let searchEnd = search.map { x($0, hasEpochs) }.max() ?? 0
        let converge = history.steps.filter { !$0.isSearch }
        func series(_ value: (RunHistory.Step) -> Double?) -> [LineChart.Series] {
            func points(_ steps: [RunHistory.Step], from start: Double) -> [(x: Double, y: Double)] {
                Self.averaged(
                    steps.compactMap { step in value(step).map { (x(step, hasEpochs) + start, $0) } })
            }
            return [
                LineChart.Series(
                    name: "search", color: PlotColor.grey,
                    points: points(search, from: hasEpochs ? -searchEnd : 0)),
                LineChart.Series(
                    name: "training", color: PlotColor.blue, points: points(converge, from: 0)),
            ]
        }
        func tests(_ value: (RunHistory.Evaluation) -> Double) -> LineChart.Series {
            LineChart.Series(
                name: "test", color: PlotColor.orange,
                points: history.evaluations.map {
                    (hasEpochs ? $0.epoch ?? 0 : Double($0.step), value($0))
                }, hasDots: history.evaluations.count <= 60)
        }
        let epochs = search.isEmpty ? "epoch" : "epoch of the converge phase; the search lies before 0"
        return LineChart(
            title: "\(network): training", xTitle: hasEpochs ? epochs : "step",
            panels: [
                LineChart.Panel(
                    title: "loss", series: series(\.loss) + [tests(\.loss)], from: 0, most: greatestLoss),
                LineChart.Panel(
                    title: "accuracy, %",
                    series: series { $0.top1.map { 100 * $0 } } + [tests { 100 * $0.top1 }]),
            ]
        ).svg
    }

    /// Batch norms' statistics may be far off after the first epochs, and the test loss with them: where it
    /// is more than three times the training's, it is cut off. Nil: nowhere.
    private var greatestLoss: Double? {
        guard let training = Self.averaged(history.steps.map { (0, $0.loss) }).map(\.y).max(),
            let test = history.evaluations.map(\.loss).max(), test > 3 * training
        else { return nil }
        return 1.5 * training
    }

    /// Those of the search if it takes up a part of the run that can be seen.
    private func searchSteps(_ hasEpochs: Bool) -> [RunHistory.Step] {
        let search = history.steps.filter(\.isSearch)
        return search.count * 50 >= history.steps.count ? search : []
    }

    private func x(_ step: RunHistory.Step, _ hasEpochs: Bool) -> Double {
        hasEpochs ? step.epoch ?? 0 : Double(step.step)
    }

    /// Means of neighbours, so many together that few points are left.
    static func averaged(_ points: [(Double, Double)]) -> [(x: Double, y: Double)] {
        let together = (points.count + pointsMax - 1) / pointsMax
        guard together > 1 else { return points.map { (x: $0.0, y: $0.1) } }
        return stride(from: 0, to: points.count, by: together).map { start in
            let group = points[start..<min(start + together, points.count)]
            let count = Double(group.count)
            return (x: group.reduce(0) { $0 + $1.0 } / count, y: group.reduce(0) { $0 + $1.1 } / count)
        }
    }
}
