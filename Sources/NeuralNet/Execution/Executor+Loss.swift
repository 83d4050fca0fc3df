import TensorCore

// The loss lies where forward and backward pass meet: the logits of all slices are in the arena, and stay.
extension Executor {
    /// What the images of some slices add to the similarity loss. The backward pass begins with a meeting of
    /// the threads, so every image's part is there when its gradient is made.
    func compare(
        _ slices: Range<Int>, _ similarity: SimilarityLoss, _ teacher: UnsafePointer<Float>, _ lane: Lane
    ) {
        for number in slices {
            similarity.take(logits(slice: number), first: number * slice, count: slice)
        }
        lane.timer?.lap(.linearAndLoss)
        meet(lane)
        for image in slices.lowerBound * slice..<slices.upperBound * slice {
            similarity.compare(image, teacher: teacher, teacherFeatures: program.classes)
        }
        lane.timer?.lap(.linearAndLoss)
    }

    /// Losses and ranks of a slice's images that the shard has; their logits' gradient if wanted, and then
    /// the loss that training minimises.
    func performLoss(_ slice: Int, _ shard: any ShardSource, into target: UnsafeMutablePointer<Float>?) {
        let classes = program.classes
        let logits = logits(slice: slice)
        var counts = EvaluationCounts()
        for place in 0..<program.slice {
            let index = slice * program.slice + place
            guard index < shard.count else { break }
            let own = logits + place * classes
            let label = records.labels.pointer[index]
            guard let gradient = target.map({ $0 + place * classes }) else {
                counts.count(
                    CrossEntropy.evaluate(
                        logits: own, classes: classes, label: label, weight: 0, gradient: nil))
                continue
            }
            let share = loss.crossEntropyShare
            var outcome = CrossEntropy.evaluate(
                logits: own, classes: classes, label: label, smoothing: loss.labelSmoothing,
                weight: step.lossWeight * share, gradient: gradient)
            if let teacher {
                outcome.loss *= share
                outcome.loss += distill(
                    own, teacher + index * classes, image: index, gradient: gradient)
            }
            counts.count(outcome)
        }
        records.counts.pointer[slice] = counts
    }

    /// Adds what features within the network add to a slice's loss, and writes their gradient.
    func performFeatureLoss(
        _ feature: Int, _ slice: Int, output: UnsafePointer<Float>, into gradient: UnsafeMutablePointer<Float>
    ) {
        guard case .features(let weight) = loss.distillation else { return }
        let factor = weight / Double(program.features.count)
        let count = featureCount(feature)
        let teacher = teacherFeatures[feature] + slice * program.slice * count
        for image in 0..<program.slice {
            let mean = FeatureLoss.evaluate(
                student: output + image * count, teacher: teacher + image * count, count: count,
                weight: factor * step.lossWeight, gradient: gradient + image * count)
            records.counts.pointer[slice].lossSum += factor * mean
        }
    }

    /// Elements of an image's features.
    func featureCount(_ feature: Int) -> Int {
        program.bufferCounts[program.features[feature]] / program.slice
    }

    /// An image's loss by its teacher's logits, without the cross-entropy; adds its gradient.
    private func distill(
        _ logits: UnsafePointer<Float>, _ teacher: UnsafePointer<Float>, image: Int,
        gradient: UnsafeMutablePointer<Float>
    ) -> Double {
        switch loss.distillation {
        case .logits(let temperature, let weight):
            return weight
                * SoftTargets.evaluate(
                    student: logits, teacher: teacher, classes: program.classes, temperature: temperature,
                    weight: weight * step.lossWeight, gradient: gradient)
        case .similarity(let weight):
            // A shard's loss counts for each of its images.
            let factor = weight * Double(shard)
            similarity?.addGradient(of: image, weight: factor * step.lossWeight, to: gradient)
            return factor * (similarity?.loss(of: image) ?? 0)
        case .features, nil:
            return 0
        }
    }
}
