namespace Plant.Sensors
{
    public interface ISink
    {
        void Write(Reading reading, Severity severity);
    }
}
