/// (byte / 255 − mean) / deviation per channel, as a table of 3 × 256 floats.
struct Normalization: Sendable {
    let mean: [Double]
    let deviation: [Double]
    /// Element `channel · 256 + byte`.
    let table: [Float]

    init(mean: [Double], deviation: [Double]) {
        self.mean = mean
        self.deviation = deviation
        var table: [Float] = []
        table.reserveCapacity(3 * 256)
        for channel in 0..<3 {
            for byte in 0..<256 {
                table.append(Float((Double(byte) / 255 - mean[channel]) / deviation[channel]))
            }
        }
        self.table = table
    }

    /// The channel statistics of each format's training set: CIFAR's and Tiny-ImageNet's as published with
    /// the sets' usual recipes, ImageNet's as in torchvision, the synthetic set's measured over 8,000 images
    /// of seed 0.
    init(_ format: DataFormat) {
        switch format {
        case .cifar10:
            self.init(mean: [0.4914, 0.4822, 0.4465], deviation: [0.2470, 0.2435, 0.2616])
        case .cifar100:
            self.init(mean: [0.5071, 0.4865, 0.4409], deviation: [0.2673, 0.2564, 0.2762])
        case .tinyImageNet:
            self.init(mean: [0.4802, 0.4481, 0.3975], deviation: [0.2770, 0.2691, 0.2821])
        case .imageFolder:
            self.init(mean: [0.485, 0.456, 0.406], deviation: [0.229, 0.224, 0.225])
        case .synthetic:
            self.init(mean: [0.388, 0.388, 0.388], deviation: [0.232, 0.232, 0.232])
        }
    }
}
