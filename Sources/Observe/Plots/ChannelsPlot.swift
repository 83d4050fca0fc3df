/// How many output channels of each convolution are left, relative to the network before widening.
public struct ChannelsPlot {
    public struct Layer: Equatable, Sendable {
        public var name: String
        /// Output channels: left, and of the widened network.
        public var channels: Int
        public var widened: Int

        public init(name: String, channels: Int, widened: Int) {
            self.name = name
            self.channels = channels
            self.widened = widened
        }
    }

    private let layers: [Layer]
    private let width: Int
    private let network: String

    /// - Parameter width: how many times wider the widened network is.
    public init(_ layers: [Layer], width: Int, network: String) {
        self.layers = layers
        self.width = max(width, 1)
        self.network = network
    }

    public var svg: String {
        let bars = layers.map { layer in
            let baseline = Double(layer.widened) / Double(width)
            let percent = baseline > 0 ? 100 * Double(layer.channels) / baseline : 0
            return BarChart.Bar(
                name: layer.name, value: percent,
                color: percent > 100.01 ? PlotColor.orange : PlotColor.blue,
                tip: "\(layer.name): \(layer.channels) of \(layer.widened) channels, "
                    + "\(Show.decimals(percent, 0)) % of the baseline's")
        }
        var marks = [LineChart.Mark(name: "baseline", y: 100)]
        if width > 1 { marks.append(LineChart.Mark(name: "widened", y: 100 * Double(width))) }
        return BarChart(
            title: "\(network): remaining channels of each layer", yTitle: "% of the baseline's",
            bars: bars, marks: marks,
            legend: [("at most the baseline's", PlotColor.blue), ("more", PlotColor.orange)]
        ).svg
    }
}
