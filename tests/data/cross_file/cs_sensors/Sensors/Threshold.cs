namespace Plant.Sensors
{
    public enum Severity
    {
        Normal,
        Warning,
        Alarm,
    }

    public class Threshold
    {
        public double Warn { get; set; }
        public double Alarm { get; set; }

        public Severity Classify(double value)
        {
            if (value >= Alarm) return Severity.Alarm;
            return value >= Warn ? Severity.Warning : Severity.Normal;
        }
    }
}
